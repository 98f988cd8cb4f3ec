#include "sim/study/experiment.h"

/* The study's own sections, declared as the model's are. */

static const char *const record_words[] = {"summary", "messages", "trace", NULL};
static const char *const plot_words[] = {"line", "cdf", NULL};
static const char *const scale_words[] = {"linear", "log", NULL};

static const ParamSpec experiment_params[] = {
    {"title", PARAM_TEXT, .low = "1", .high = "200", .flags = PARAM_REQUIRED,
     .help = "the question; heads the table and the plots"},
    {"warmup", PARAM_TIME, "60s", "0s", "10y",
     .help = "before time zero: clients connect, publishers publish, nothing is counted"},
    {"duration", PARAM_TIME, "1h", "1ms", "10y",
     .help = "the window: what is published in it is the sample"},
    {"drain", PARAM_TIME, "10min", "0s", "10y",
     .help = "at most this long after the window; ends when every fate is known"},
    {"repeat", PARAM_INT, "10", "1", "1000000", .help = "replications of every point"},
    {"seed", PARAM_INT, "1", "0", "9223372036854775806", .help = "one seed for all points"},
    {"confidence", PARAM_RATIO, "95%", "50%", "99.999%",
     .help = "level of all intervals, bounds and verdicts"},
    {"record", PARAM_WORD, "summary", .words = record_words, 
     .help = "what is stored of each run: sums, a row for each message too, or for each TCP "
             "segment too"},
    {"table", PARAM_METRIC,
     "delivery_ratio, silent_loss, duplicate_ratio, latency_p50, latency_p99",
     .flags = PARAM_IS_LIST, .help = "the columns of the final table"},
    {NULL}};

static const ParamSpec sweep_params[] = {
    {"SECTION.KEY", PARAM_TEXT,
     .help = "values of a key: a list whose elements may be a .. b step c or log a .. b points n"},
    {"$NAME", PARAM_TEXT, .help = "values of a variable, used as $NAME in any section"},
    {"where", PARAM_COND, .help = "which combinations are points"},
    {NULL}};

static const ParamSpec plot_params[] = {
    {"kind", PARAM_WORD, "line", .words = plot_words,
     .help = "line: a metric over a factor; cdf: a distribution, ending at the delivery ratio"},
    {"metric", PARAM_METRIC, .flags = PARAM_REQUIRED | PARAM_IS_LIST,
     .help = "what is drawn; of a cdf latency, ack_latency, detect_client or detect_broker"},
    {"x", PARAM_FACTOR, .help = "horizontal axis: a factor or a metric; default: the first factor"},
    {"by", PARAM_FACTOR, .flags = PARAM_IS_LIST, .help = "factors whose values are series"},
    {"panel", PARAM_FACTOR, .flags = PARAM_IS_LIST, .help = "factors whose values are panels"},
    {"where", PARAM_COND, .help = "points drawn; default: all"},
    {"x_scale", PARAM_WORD, "linear", .words = scale_words, .help = "horizontal scale"},
    {"y_scale", PARAM_WORD, "linear", .words = scale_words,
     .help = "vertical scale; of a cdf log draws 1 - F"},
    {"title", PARAM_TEXT, .low = "1", .high = "200", .help = "default: the experiment's title"},
    {NULL}};

static const KindSpec experiment_kind = {"experiment",
                                         "what is asked, and how long and often it is run",
                                         experiment_params, FALSE, FALSE};
static const KindSpec sweep_kind = {"sweep", "factors: their combinations are the points",
                                    sweep_params, FALSE, FALSE};
static const KindSpec plot_kind = {"plot", "a figure", plot_params, FALSE, FALSE};

const KindSpec *const experiment_kinds[] = {&experiment_kind, &sweep_kind, &plot_kind, NULL};
