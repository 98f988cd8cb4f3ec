#include "models/spec/spec_kinds.h"
#include "models/spec/spec_model.h"
#include "models/spec/spec_words.h"

static const char *const order_words[] = {"fifo", "free", NULL};
static const char *const expiry_words[] = {"drop", "reset", NULL};

static const ParamSpec gilbert_params[] = {
    {.name = "mean",
     .type = PARAM_RATIO,
     .low = "0%",
     .high = "100%",
     .flags = PARAM_REQUIRED,
     .help = "share of packets lost in the long run"},
    {.name = "burst",
     .type = PARAM_TIME,
     .low = "1ns",
     .high = "10y",
     .flags = PARAM_REQUIRED,
     .help = "mean length of a bad time"},
    {.name = "loss_good",
     .type = PARAM_RATIO,
     .fallback = "0%",
     .low = "0%",
     .high = "100%",
     .help = "loss in good times"},
    {.name = "loss_bad",
     .type = PARAM_RATIO,
     .fallback = "100%",
     .low = "0%",
     .high = "100%",
     .help = "loss in bad times"},
    {.name = NULL},
};

static const CallSpec loss_calls[] = {
    {.name = "gilbert",
     .params = gilbert_params,
     .help = "good and bad times alternate, each exponential, clocked by time, not by packets "
             "(Gilbert 1960, Elliott 1963)"},
    {.name = NULL},
};

/* clang-format off */
#define RATE .type = PARAM_RATE, .low = "1bit/s", .high = "1Tbit/s", .words = spec_unlimited
#define DELAY .type = PARAM_DIST, .low = "0s", .high = "1h"
#define LOSS .type = PARAM_RATIO, .low = "0%", .high = "100%", .calls = loss_calls
#define QUEUE .type = PARAM_QUEUE, .low = "1 packets", .words = spec_unlimited

static const ParamSpec link_params[] = {
  {.name = "shared", .type = PARAM_FLAG, .fallback = "no",
   .help = "one link for all clients of all groups that name it, or one per client"},
  {.name = "rate", RATE, .fallback = "unlimited", .help = "serialisation, in IP bytes"},
  {.name = "up_rate", RATE, .help = "the same, from the client only"},
  {.name = "down_rate", RATE, .help = "the same, to the client only"},
  {.name = "mtu", .type = PARAM_SIZE, .fallback = "1500B", .low = "68B", .high = "65535B",
   .help = "largest IP packet"},
  {.name = "rtt", DELAY,
   .help = "round trip without queues and serialisation; both directions follow one process; "
           "excludes delay"},
  {.name = "up_share", .type = PARAM_RATIO, .fallback = "50%", .low = "0%", .high = "100%",
   .help = "part of rtt that the way from the client takes"},
  {.name = "delay", DELAY, .fallback = "0s", .help = "one-way propagation delay"},
  {.name = "up_delay", DELAY, .help = "the same, from the client only"},
  {.name = "down_delay", DELAY, .help = "the same, to the client only"},
  {.name = "order", .type = PARAM_WORD, .fallback = "fifo", .words = order_words,
   .help = "fifo: a packet never overtakes, it waits"},
  {.name = "loss", LOSS, .fallback = "0%", .help = "share of packets lost, or how they are lost"},
  {.name = "up_loss", LOSS, .help = "the same, from the client only"},
  {.name = "down_loss", LOSS, .help = "the same, to the client only"},
  {.name = "queue", QUEUE, .fallback = "1000 packets", .help = "drop-tail, ahead of rate"},
  {.name = "up_queue", QUEUE, .help = "the same, from the client only"},
  {.name = "down_queue", QUEUE, .help = "the same, to the client only"},
  {.name = "outage_every", .type = PARAM_DIST, .fallback = "never", .low = "0s",
   .words = spec_never,
   .help = "from start to start of outages; random phase per link; one that would start in another "
           "is skipped"},
  {.name = "outage_gap", .type = PARAM_DIST, .fallback = "never", .low = "0s",
   .words = spec_never, .help = "from the end of an outage to the start of the next"},
  {.name = "outage_lasts", .type = PARAM_DIST, .fallback = "1s", .low = "0s",
   .help = "length of an outage; what is sent meanwhile vanishes"},
  {.name = "nat_timeout", .type = PARAM_TIME, .fallback = "never", .low = "1s", .high = "1y",
   .words = spec_never,
   .help = "a NAT at the far end forgets a connection that was silent for longer in both "
           "directions"},
  {.name = "nat_on_expiry", .type = PARAM_WORD, .fallback = "drop", .words = expiry_words,
   .help = "what the client's packets meet then; reset: each is answered by a RST; the other "
           "side's are always dropped"},
  {.name = NULL},
};
/* clang-format on */

const KindSpec spec_kind_link = {
    .kind = "link",
    .help = "a way for packets, of two directions",
    .params = link_params,
    .profiles = TRUE,
    .model = TRUE,
};

/* The key of one direction if it is there, else that of both. */
static const Value *
directed(const Section *section, NetDirection direction, const char *both, const char *up,
         const char *down)
{
  const Value *value = section_value(section, direction == NET_UP ? up : down);

  return value ? value : section_value(section, both);
}

static void
convert_queue(const Value *queue, DirectionConfig *config)
{
  gboolean bytes = queue->unit == UNIT_BYTES;

  config->queue_bytes = bytes ? queue->integer : NET_UNLIMITED;
  config->queue_packets = bytes ? NET_UNLIMITED : queue->integer;
}

gboolean
spec_loss(const Value *value, LossConfig *config)
{
  if (value->kind == VALUE_CALL) {
    const Value *good = value_argument(value, "loss_good");
    const Value *bad = value_argument(value, "loss_bad");

    return loss_config_gilbert(config, value_argument(value, "mean")->real,
                               (double)value_argument(value, "burst")->integer,
                               good ? good->real : 0, bad ? bad->real : 1);
  }
  *config = (LossConfig){.kind = LOSS_BERNOULLI, .rate = value->real};
  return TRUE;
}

void
spec_link(const Section *section, LinkConfig *config)
{
  gint64 nat_ns = section_int(section, "nat_timeout");

  *config = (LinkConfig){
      .rtt = section_dist(section, "rtt"),
      .up_share = section_real(section, "up_share"),
      .fifo = section_is(section, "order", "fifo"),
      .mtu = (guint)section_int(section, "mtu"),
      .outage_every = section_dist(section, "outage_every"),
      .outage_gap = section_dist(section, "outage_gap"),
      .outage_lasts = section_dist(section, "outage_lasts"),
      .nat_timeout_ns = nat_ns == VALUE_NEVER ? 0 : nat_ns,
      .nat_resets = section_is(section, "nat_on_expiry", "reset"),
  };
  for (guint d = NET_UP; d <= NET_DOWN; d++) {
    DirectionConfig *direction = &config->direction[d];

    direction->rate = directed(section, d, "rate", "up_rate", "down_rate")->integer;
    direction->delay = directed(section, d, "delay", "up_delay", "down_delay")->dist;
    convert_queue(directed(section, d, "queue", "up_queue", "down_queue"), direction);
    /* A loss that cannot be is an error of spec_check(); such a point is not run. */
    if (!spec_loss(directed(section, d, "loss", "up_loss", "down_loss"), &direction->loss))
      direction->loss = (LossConfig){.kind = LOSS_BERNOULLI};
  }
}
