#include "sim/results/store.h"

static void
parameter_clear(gpointer data)
{
  StoreParameter *parameter = data;

  g_free(parameter->factor);
  g_free(parameter->text);
  g_free(parameter->value);
}

StorePoint *
store_point_new(guint number, const char *key)
{
  StorePoint *point = g_new0(StorePoint, 1);

  point->number = number;
  point->key = g_strdup(key);
  point->parameters = g_array_new(FALSE, FALSE, sizeof(StoreParameter));
  g_array_set_clear_func(point->parameters, parameter_clear);
  return point;
}

void
store_point_add(StorePoint *point, const char *factor, const char *text, const char *value,
                double number)
{
  StoreParameter parameter = {
      .factor = g_strdup(factor),
      .text = g_strdup(text),
      .value = g_strdup(value),
      .number = number,
  };

  g_array_append_val(point->parameters, parameter);
}

void
store_point_free(StorePoint *point)
{
  if (point == NULL)
    return;
  g_free(point->key);
  g_array_unref(point->parameters);
  g_free(point);
}
