#include "sim/record/scenario.h"

#include <string.h>

static guint
kind_size(const KindSpec *kind)
{
  guint n = 0;

  while (kind->params[n].name != NULL)
    n++;
  return n;
}

Section *
section_new(const KindSpec *kind, const char *name)
{
  Section *section = g_new0(Section, 1);

  section->kind = kind;
  section->name = g_strdup(name);
  section->values = g_new0(Value *, kind_size(kind) + 1);
  return section;
}

void
section_free(Section *section)
{
  guint n;

  if (section == NULL)
    return;
  n = kind_size(section->kind);
  for (guint i = 0; i < n; i++)
    value_unref(section->values[i]);
  g_free(section->values);
  g_free(section->name);
  g_free(section);
}

static void
section_destroy(gpointer section)
{
  section_free(section);
}

Scenario *
scenario_new(void)
{
  Scenario *scenario = g_new0(Scenario, 1);

  scenario->sections = g_ptr_array_new_with_free_func(section_destroy);
  return scenario;
}

void
scenario_free(Scenario *scenario)
{
  if (scenario == NULL)
    return;
  g_ptr_array_unref(scenario->sections);
  g_free(scenario);
}

const Section *
scenario_section(const Scenario *scenario, const char *name)
{
  for (guint i = 0; i < scenario->sections->len; i++) {
    const Section *section = g_ptr_array_index(scenario->sections, i);

    if (section->kind->model && strcmp(section->name, name) == 0)
      return section;
  }
  return NULL;
}

static Value **
section_slot(const Section *section, const char *key)
{
  const ParamSpec *param = spec_param(section->kind, key);

  g_assert(param != NULL);
  return &section->values[param - section->kind->params];
}

void
section_set(Section *section, const char *key, Value *value)
{
  Value **slot = section_slot(section, key);

  value_unref(*slot);
  *slot = value;
}

const Value *
section_value(const Section *section, const char *key)
{
  return *section_slot(section, key);
}

gint64
section_int(const Section *section, const char *key)
{
  const Value *value = section_value(section, key);

  g_assert(value != NULL && value->kind == VALUE_INT);
  return value->integer;
}

double
section_real(const Section *section, const char *key)
{
  const Value *value = section_value(section, key);

  g_assert(value != NULL && (value->kind == VALUE_REAL || value->kind == VALUE_INT));
  return value->kind == VALUE_REAL ? value->real : (double)value->integer;
}

const char *
section_text(const Section *section, const char *key)
{
  const Value *value = section_value(section, key);

  g_assert(value == NULL || value->kind == VALUE_TEXT);
  return value == NULL ? NULL : value->text;
}

const Dist *
section_dist(const Section *section, const char *key)
{
  const Value *value = section_value(section, key);

  return value == NULL || value->kind != VALUE_DIST ? NULL : value->dist;
}

gboolean
section_is(const Section *section, const char *key, const char *word)
{
  return value_is_word(section_value(section, key), word);
}
