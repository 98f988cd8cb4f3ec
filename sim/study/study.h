/* What an experiment is made of while it is read, shared by the files of this folder only.
 *
 * A cell is one value as written. A part is a section of the model (or a profile): a cell for each
 * key that it says. Where neither a part nor its profile says a key, the default's cell stands.
 * Cells that a factor chooses hold a cell for each value of that factor. All of them live as long
 * as the grid. */
#pragma once

#include "sim/study/eval.h"
#include "sim/study/experiment.h"
#include "sim/study/reader.h"

typedef struct _Cell Cell;
typedef struct _Part Part;

struct _Cell {
  const char *file;
  guint line;
  char *label; /* "[client sensor] ack_timeout" */
  char *text;
  const ParamSpec *spec;
  Node *node;   /* NULL: broken, or chosen */
  Value *value; /* NULL: depends on the point */
  guint factor, n;
  Cell **choices;      /* n, by the digit of factor; NULL: not chosen */
  const Part *profile; /* of a cell that names a profile */
};

struct _Part {
  const KindSpec *kind;
  char *name;
  const char *file;
  guint line;
  gboolean is_profile; /* not in the file: it stands because it is named */
  guint n;             /* keys of the kind */
  Cell **cells;        /* NULL: not said */
  Cell *profile;       /* NULL: none */
  Cell **defaults;     /* shared by all parts of the kind */
  guint first;         /* slot of its first key */
};

typedef struct {
  Factor factor;
  const char *file;
  Node **nodes; /* of a variable: its values as they stand by themselves */
  gboolean used;
  guint used_line; /* of a variable: where first in the file; 0: only by an override */
} GridFactor;

struct _Grid {
  ExperimentModel model;
  char *folder;
  gint64 warmup_ns, duration_ns, drain_ns;
  RecordLevel record;
  GPtrArray *factors;       /* GridFactor * */
  GPtrArray *parts;         /* Part *: the sections of every scenario */
  GPtrArray *cells;         /* all cells */
  GPtrArray *files;         /* char *: names of files, kept for the cells */
  GPtrArray *profiles;      /* Part *: all that are named by `profile` or by a reference */
  GHashTable *defaults;     /* KindSpec to Cell ** */
  GHashTable *by_name;      /* name to Part */
  GPtrArray *slot_parts;    /* Part * of each slot */
  GPtrArray *slot_sections; /* index of its section, of each slot */
  GArray *dynamic;          /* guint: slots that depend on the point */
  guint64 combinations;
  GArray *points; /* guint64: number of the combination of each point */
  char *where;
};

/* Everything that goes on while a file is loaded. */
typedef struct {
  const ExperimentModel *model;
  const ExperimentSource *source;
  GPtrArray *problems;
  const char *path;
  ReaderFile *file;
  GHashTable *profile_files; /* kind to ReaderFile */
  GPtrArray *overrides;      /* LoadEntry *: keys set by -D that are no factors */
  GPtrArray *sweep;          /* LoadEntry *: factors as written, after -D */
  const ReaderEntry *where;  /* of [sweep]; NULL: all combinations */
  GPtrArray *unknown;        /* LoadUnknown *: $variables that are not swept */
  GHashTable *likes;         /* ReaderSection being followed */
  Grid *grid;
} Load;

typedef struct {
  char *section, *key; /* section NULL: a variable, key its name without $ */
  char *value;
  const char *file;
  guint line;
} LoadEntry;

typedef struct {
  char *name, *label;
  const char *file;
  guint line;
} LoadUnknown;

/* A name of a file that lives as long as the grid. */
const char *load_file_name(Load *load, const char *file);
/* "label = text: why" at the cell's place. */
void load_problem(Load *load, const Cell *cell, const char *why);
const KindSpec *load_kind(const Load *load, const char *kind); /* of any section; NULL */

/* Cells (cell.c). A cell that cannot be read or is out of range is a problem and has neither node
 * nor value. */
Cell *cell_new(Load *load, const char *file, guint line, const char *label, const char *text,
               const ParamSpec *spec);
/* A cell that a factor chooses. */
Cell *cell_new_swept(Load *load, guint factor, const ParamSpec *spec);
void cell_free(Cell *cell);
gboolean cell_names_variable(const Node *node);
typedef void (*CellVisit)(Load *load, Cell *cell, gpointer data);
void cell_leaves(Load *load, Cell *cell, CellVisit visit, gpointer data);

/* Factors (sweep.c). */
void load_entry_free(gpointer entry);
void sweep_read(Load *load);    /* [sweep] and -D to load->sweep and load->overrides */
void sweep_factors(Load *load); /* to grid->factors */
void sweep_unused(Load *load);  /* swept but used nowhere, used but not swept */

/* Parts (parts.c, profiles.c). */
void parts_read(Load *load);
Part *part_new(Load *load, const KindSpec *kind, const char *name, const char *file, guint line);
/* Fills the cells from entries (key to ReaderEntry). */
void part_fill(Load *load, Part *part, GHashTable *entries, const char *file);
/* What a section says, with what it copies by `like`. To free; values are borrowed. */
GHashTable *part_entries(Load *load, ReaderFile *file, const ReaderSection *section);
void part_free(Part *part);
/* NULL: no such profile. */
const Part *profile_find(Load *load, const char *kind, const char *name);
void profile_resolve(Load *load, Cell *cell, const KindSpec *kind);
/* Names of all profiles of a kind; borrowed strings. */
GPtrArray *profile_names(Load *load, const char *kind);
void references_resolve(Load *load); /* references.c; and what is required but missing */

/* A point being resolved (resolve.c). */
typedef struct {
  const Grid *grid;
  guint *digits; /* per factor */
  Scenario *scenario;
  guint8 *states;    /* per slot */
  gboolean complete; /* all that needs no derived value is in place */
  gboolean later;    /* a derived value was asked for before that */
  guint depth;       /* of keys that name keys */
  guint failed;      /* slot in which an error was met */
  gpointer place;    /* for conditions */
} Resolver;

Resolver *resolver_new(const Grid *grid);
void resolver_free(Resolver *resolver);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Resolver, resolver_free)
void resolver_move(Resolver *resolver, guint64 combination);
/* Borrowed; NULL: absent, or an error if *why is set (to free). */
Value *resolver_slot(Resolver *resolver, guint slot, char **why);
gboolean resolver_fill(Resolver *resolver, char **why); /* every slot */
/* Where it is written; NULL: nowhere. */
const Cell *resolver_cell(const Resolver *resolver, guint slot);
EvalContext resolver_context(Resolver *resolver); /* for conditions: no section's own rtt */
const Part *grid_part(const Grid *grid, const char *name);
/* FALSE: no such key. */
gboolean grid_slot(const Grid *grid, const char *section, const char *key, guint *slot);
Grid *grid_new(const ExperimentModel *model, const char *folder);
void grid_free(Grid *grid);
gboolean condition_test(const Node *node, Resolver *resolver, char **why);
Node *condition_parse(const Grid *grid, const char *text, char **why);

/* Points (points.c). */
void points_prepare(Load *load);
void points_enumerate(Load *load);
void points_check(Load *load, GPtrArray *notes);
char *points_key(const Grid *grid, guint64 seed);

/* [experiment] and [plot] (sections.c). */
void sections_experiment(Load *load, Experiment *experiment);
void sections_plots(Load *load, Experiment *experiment);
void plot_free(Plot *plot);
