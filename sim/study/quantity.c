#include "sim/study/quantity.h"

#include <math.h>
#include <string.h>

static const struct {
  const char *name;
  Dim dim;
  long double size;
} units[] = {
    {"ns", DIM_TIME, 1},        {"us", DIM_TIME, 1e3L},       {"ms", DIM_TIME, 1e6L},
    {"s", DIM_TIME, 1e9L},      {"min", DIM_TIME, 60e9L},     {"h", DIM_TIME, 3600e9L},
    {"d", DIM_TIME, 86400e9L},  {"y", DIM_TIME, 31536000e9L}, {"B", DIM_SIZE, 1},
    {"kB", DIM_SIZE, 1e3L},     {"MB", DIM_SIZE, 1e6L},       {"KiB", DIM_SIZE, 1024},
    {"MiB", DIM_SIZE, 1048576}, {"bit/s", DIM_RATE, 1},       {"kbit/s", DIM_RATE, 1e3L},
    {"Mbit/s", DIM_RATE, 1e6L}, {"Gbit/s", DIM_RATE, 1e9L},   {"Tbit/s", DIM_RATE, 1e12L},
    {"bps", DIM_RATE, 1},       {"kbps", DIM_RATE, 1e3L},     {"Mbps", DIM_RATE, 1e6L},
    {"Gbps", DIM_RATE, 1e9L},   {"packets", DIM_PACKETS, 1},  {"packet", DIM_PACKETS, 1},
    {"%", DIM_RATIO, 1e2L},     {"ppm", DIM_RATIO, 1e6L},
};

static const struct {
  const char *name, *units;
} dims[] = {
    [DIM_NUMBER] = {"a plain number", ""},
    [DIM_TIME] = {"a time", "ns us ms s min h d y"},
    [DIM_SIZE] = {"a size", "B kB MB KiB MiB"},
    [DIM_RATE] = {"a rate", "bit/s kbit/s Mbit/s Gbit/s"},
    [DIM_PACKETS] = {"a number of packets", "packets"},
    [DIM_RATIO] = {"a ratio", "% ppm"},
};

const char *
quantity_dim_name(Dim dim)
{
  return dims[dim].name;
}

const char *
quantity_dim_units(Dim dim)
{
  return dims[dim].units;
}

Dim
quantity_dim_of(ParamType type)
{
  switch (type) {
  case PARAM_INT:
  case PARAM_NUMBER:
    return DIM_NUMBER;
  case PARAM_TIME:
  case PARAM_DIST:
    return DIM_TIME;
  case PARAM_SIZE:
  case PARAM_QUEUE:
    return DIM_SIZE;
  case PARAM_RATE:
    return DIM_RATE;
  case PARAM_RATIO:
    return DIM_RATIO;
  default:
    return DIM_N;
  }
}

gboolean
quantity_new(Quantity *quantity, long double number, const char *unit)
{
  *quantity = (Quantity){.x = number, .dim = DIM_NUMBER};
  if (unit[0] == '\0')
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
    if (strcmp(units[i].name, unit) != 0)
      continue;
    quantity->dim = units[i].dim;
    /* A ratio is divided, as 5 / 100 is exact to the last digit and 5 * 0.01 is not. */
    quantity->x = units[i].dim == DIM_RATIO ? number / units[i].size : number * units[i].size;
    return TRUE;
  }
  return FALSE;
}

static gboolean
product(Quantity *result, const Quantity *a, const Quantity *b, char **why)
{
  gboolean a_plain = a->dim == DIM_NUMBER || a->dim == DIM_RATIO;
  gboolean b_plain = b->dim == DIM_NUMBER || b->dim == DIM_RATIO;

  if (!a_plain && !b_plain) {
    *why = g_strdup_printf("%s cannot be multiplied by %s", dims[a->dim].name, dims[b->dim].name);
    return FALSE;
  }
  result->dim = a->dim == DIM_NUMBER ? b->dim : b_plain ? a->dim : b->dim;
  result->x = a->x * b->x;
  return TRUE;
}

static gboolean
quotient(Quantity *result, const Quantity *a, const Quantity *b, char **why)
{
  if (!(b->x > 0) && !(b->x < 0) && !b->endless) {
    *why = g_strdup("division by zero");
    return FALSE;
  }
  if (a->dim == b->dim) {
    result->dim = DIM_NUMBER;
    result->quotient = a->dim != DIM_NUMBER;
  } else if (b->dim == DIM_NUMBER || b->dim == DIM_RATIO) {
    result->dim = a->dim;
  } else {
    *why = g_strdup_printf("%s cannot be divided by %s", dims[a->dim].name, dims[b->dim].name);
    return FALSE;
  }
  result->x = a->x / b->x;
  return TRUE;
}

gboolean
quantity_combine(Quantity *result, char op, const Quantity *a, const Quantity *b, char **why)
{
  *result = (Quantity){.endless = a->endless || b->endless};
  if (result->endless) {
    result->dim = a->endless ? a->dim : b->dim;
    return TRUE;
  }
  if (op == '*')
    return product(result, a, b, why);
  if (op == '/')
    return quotient(result, a, b, why);
  if (a->dim != b->dim) {
    *why = g_strdup_printf("%s and %s cannot be %s", dims[a->dim].name, dims[b->dim].name,
                           op == '+' ? "added" : "subtracted");
    return FALSE;
  }
  result->dim = a->dim;
  result->x = op == '+' ? a->x + b->x : a->x - b->x;
  return TRUE;
}

gboolean
quantity_from_value(Quantity *quantity, const Value *value)
{
  static const Dim of_unit[] = {
      [UNIT_NONE] = DIM_NUMBER,     [UNIT_NS] = DIM_TIME,         [UNIT_BYTES] = DIM_SIZE,
      [UNIT_BITS_PER_S] = DIM_RATE, [UNIT_PACKETS] = DIM_PACKETS, [UNIT_RATIO] = DIM_RATIO};

  *quantity = (Quantity){.dim = of_unit[value->unit]};
  if (value->kind == VALUE_INT) {
    quantity->endless = value->integer == VALUE_NEVER;
    quantity->x = (long double)value->integer;
  } else if (value->kind == VALUE_REAL) {
    quantity->x = (long double)value->real;
  } else if (value->kind == VALUE_DIST) {
    quantity->x = (long double)dist_median(value->dist);
  } else if (value_is_word(value, "never") || value_is_word(value, "unlimited")) {
    quantity->endless = TRUE;
    quantity->dim = value_is_word(value, "never") ? DIM_TIME : DIM_NUMBER;
  } else {
    return FALSE;
  }
  return TRUE;
}

Value *
quantity_to_value(const Quantity *quantity)
{
  static const Unit of_dim[] = {
      [DIM_NUMBER] = UNIT_NONE,     [DIM_TIME] = UNIT_NS,         [DIM_SIZE] = UNIT_BYTES,
      [DIM_RATE] = UNIT_BITS_PER_S, [DIM_PACKETS] = UNIT_PACKETS, [DIM_RATIO] = UNIT_RATIO};
  long double whole;

  if (quantity->endless)
    return value_new_int(VALUE_NEVER, of_dim[quantity->dim]);
  if (quantity->dim == DIM_RATIO)
    return value_new_real((double)quantity->x, UNIT_RATIO);
  whole = roundl(quantity->x);
  if (quantity->dim == DIM_NUMBER && (whole < quantity->x || whole > quantity->x))
    return isfinite((double)quantity->x) ? value_new_real((double)quantity->x, UNIT_NONE) : NULL;
  if (!(whole < 0x1p63L && whole > -0x1p63L))
    return NULL;
  return value_new_int((gint64)whole, of_dim[quantity->dim]);
}
