#include "models/spec/spec_kinds.h"
#include "models/spec/spec_model.h"
#include "models/spec/spec_words.h"

static const char *const rule_words[] = {"linux", "rfc6298", "fixed", NULL};
static const char *const congestion_words[] = {"cubic", "reno", NULL};
static const char *const ack_words[] = {"linux", "rfc1122", NULL};

/* clang-format off */
static const ParamSpec tcp_params[] = {
  {.name = "rto_initial", .type = PARAM_TIME, .fallback = "1s", .low = "1ms", .high = "1h",
   .help = "retransmission time-out before the first round trip was measured"},
  {.name = "rto_min", .type = PARAM_TIME, .fallback = "200ms", .low = "1ms", .high = "1h",
   .help = "least retransmission time-out, see rto_rule"},
  {.name = "rto_max", .type = PARAM_TIME, .fallback = "120s", .low = "1ms", .high = "10y",
   .help = "greatest retransmission time-out"},
  {.name = "rto_rule", .type = PARAM_WORD, .fallback = "linux", .words = rule_words,
   .help = "linux: rto_min bounds the variance term; rfc6298: the time-out; fixed: rto_initial, "
           "whatever the round trip"},
  {.name = "rto_backoff", .type = PARAM_NUMBER, .fallback = "2", .low = "1", .high = "10",
   .help = "factor of the time-out after each time-out"},
  {.name = "syn_retries", .type = PARAM_INT, .fallback = "6", .low = "0", .high = "255",
   .help = "times that SYN is sent again before the open fails"},
  {.name = "syn_linear", .type = PARAM_INT, .fallback = "4", .low = "0", .high = "255",
   .help = "times more before those, without back-off"},
  {.name = "synack_retries", .type = PARAM_INT, .fallback = "5", .low = "0", .high = "255",
   .help = "times that SYN-ACK is sent again"},
  {.name = "data_retries", .type = PARAM_INT, .fallback = "15", .low = "0", .high = "255",
   .help = "time-outs in a row before the connection is given up"},
  {.name = "tick", .type = PARAM_TIME, .fallback = "4ms", .low = "0s", .high = "1s",
   .help = "of the clock that timers run by, on a wheel as Linux's; 0s: timers are exact"},
  {.name = "ack_rule", .type = PARAM_WORD, .fallback = "linux", .words = ack_words,
   .help = "linux: quick and pingpong mode, a delay that adapts; rfc1122: every second segment, "
           "and the delay"},
  {.name = "delayed_ack", .type = PARAM_TIME, .fallback = "40ms", .low = "0s", .high = "500ms",
   .words = spec_never,
   .help = "wait of an acknowledgement (linux: the least); 0s, never: none waits"},
  {.name = "delayed_ack_max", .type = PARAM_TIME, .fallback = "200ms", .low = "0s", .high = "500ms",
   .help = "longest wait of an acknowledgement; ack_rule = linux only"},
  {.name = "quick_acks", .type = PARAM_INT, .fallback = "16", .low = "0", .high = "255",
   .help = "acknowledgements at once at the start, after a pause, and when some seem lost; "
           "ack_rule = linux only"},
  {.name = "sack_delay", .type = PARAM_TIME, .fallback = "1ms", .low = "0s", .high = "100ms",
   .help = "wait of acknowledgements beyond the third for one gap; ack_rule = linux only"},
  {.name = "sack", .type = PARAM_FLAG, .fallback = "yes",
   .help = "selective acknowledgements (RFC 2018, RFC 2883), if the peer has them too"},
  {.name = "timestamps", .type = PARAM_FLAG, .fallback = "yes",
   .help = "RFC 7323, 12 bytes on each segment, if the peer has them too"},
  {.name = "window_scaling", .type = PARAM_FLAG, .fallback = "yes",
   .help = "RFC 7323, if the peer has it too; else windows end at 65535 bytes"},
  {.name = "mss", .type = PARAM_INT, .fallback = "65535", .low = "88", .high = "65535",
   .help = "largest segment that is accepted, in bytes, where the link's MTU does not bound it"},
  {.name = "initial_window", .type = PARAM_INT, .fallback = "10", .low = "1", .high = "65535",
   .help = "segments that may go before the first acknowledgement (RFC 6928)"},
  {.name = "dup_acks", .type = PARAM_INT, .fallback = "3", .low = "1", .high = "255",
   .help = "duplicate acknowledgements that start a fast retransmit (RFC 5681)"},
  {.name = "congestion", .type = PARAM_WORD, .fallback = "cubic", .words = congestion_words,
   .help = "how the window grows after a loss (RFC 9438, RFC 5681); cubic counts packets, so with "
           "rto_rule = rfc6298 it is reno"},
  {.name = "hystart", .type = PARAM_FLAG, .fallback = "yes",
   .help = "slow start ends when delays grow, before a loss; cubic only"},
  {.name = "idle_restart", .type = PARAM_FLAG, .fallback = "yes",
   .help = "the window shrinks to the initial one while nothing is sent (RFC 5681, section 4.1)"},
  {.name = "minshall", .type = PARAM_FLAG, .fallback = "yes",
   .help = "with nagle: a short segment waits for short ones in flight only, not for full ones"},
  {.name = "held_pieces", .type = PARAM_INT, .fallback = "17", .low = "0", .high = "31",
   .help = "with nagle: writes of a process that writes to other connections between them which a "
           "short segment takes; one more, and it goes; 0: any number"},
  {.name = "send_buffer", .type = PARAM_SIZE, .fallback = "64kB", .low = "1kB", .high = "1000MB",
   .help = "socket buffer for what is sent, at first"},
  {.name = "receive_buffer", .type = PARAM_SIZE, .fallback = "65536B", .low = "1kB",
   .high = "1000MB",
   .help = "socket buffer for what is received, at first"},
  {.name = "send_buffer_max", .type = PARAM_SIZE, .fallback = "4194304B", .low = "0B",
   .high = "1000MB",
   .help = "up to which it grows, to two congestion windows; less than at first: it does not grow"},
  {.name = "receive_buffer_max", .type = PARAM_SIZE, .fallback = "16777216B", .low = "0B",
   .high = "500MB",
   .help = "up to which it grows, to twice what is read in a round trip; less than at first: it "
           "does not grow"},
  {.name = "rack", .type = PARAM_FLAG, .fallback = "yes",
   .help = "losses are found by time (RFC 8985), else by counting (RFC 6675); this and the next "
           "four need sack at both ends"},
  {.name = "tlp", .type = PARAM_FLAG, .fallback = "yes",
   .help = "a probe before the time-out, after two round trips (RFC 8985, section 7)"},
  {.name = "frto", .type = PARAM_FLAG, .fallback = "yes",
   .help = "a needless time-out is found by what it lets through (RFC 5682)"},
  {.name = "prr", .type = PARAM_FLAG, .fallback = "yes",
   .help = "after a loss the window shrinks in proportion (RFC 6937), else at once"},
  {.name = "undo", .type = PARAM_FLAG, .fallback = "yes",
   .help = "needless reductions of the window are taken back (RFC 3522, RFC 3708)"},
  {.name = "collapse", .type = PARAM_FLAG, .fallback = "yes",
   .help = "a retransmission takes along the short segments behind it"},
  {.name = "tso", .type = PARAM_FLAG, .fallback = "yes",
   .help = "what is longer than a segment goes two at a time, where the window has room for one it "
           "may wait for the next acknowledgement; with rto_rule = linux"},
  {.name = NULL},
};
/* clang-format on */

const KindSpec spec_kind_tcp = {
    .kind = "tcp",
    .help = "the TCP stack of the hosts that name it",
    .params = tcp_params,
    .profiles = TRUE,
    .model = TRUE,
};

void
spec_tcp(const Section *section, TcpConfig *config)
{
  /* What has no key comes with the stack whose rule it is. */
  if (section_is(section, "rto_rule", "linux"))
    tcp_config_linux(config);
  else
    tcp_config_rfc6298(config);
  if (section_is(section, "rto_rule", "fixed"))
    config->rto_rule = TCP_RTO_RULE_FIXED;
  config->rto_initial_ns = section_int(section, "rto_initial");
  config->rto_min_ns = section_int(section, "rto_min");
  config->rto_max_ns = section_int(section, "rto_max");
  config->rto_backoff = section_real(section, "rto_backoff");
  config->syn_retries = (guint)section_int(section, "syn_retries");
  config->syn_linear = (guint)section_int(section, "syn_linear");
  config->minshall = section_int(section, "minshall");
  config->held_pieces = (guint)section_int(section, "held_pieces");
  config->synack_retries = (guint)section_int(section, "synack_retries");
  config->data_retries = (guint)section_int(section, "data_retries");
  config->tick_ns = section_int(section, "tick");
  config->ack_rule =
      section_is(section, "ack_rule", "linux") ? TCP_ACK_RULE_LINUX : TCP_ACK_RULE_RFC1122;
  config->delayed_ack_ns = section_int(section, "delayed_ack");
  config->delayed_ack_max_ns = section_int(section, "delayed_ack_max");
  config->quick_acks = (guint)section_int(section, "quick_acks");
  config->sack_delay_ns = section_int(section, "sack_delay");
  config->sack = section_int(section, "sack");
  config->timestamps = section_int(section, "timestamps");
  config->window_scaling = section_int(section, "window_scaling");
  config->congestion = section_is(section, "congestion", "cubic") ? TCP_CUBIC : TCP_RENO;
  config->hystart = section_int(section, "hystart");
  config->idle_restart = section_int(section, "idle_restart");
  config->mss = (guint)section_int(section, "mss");
  config->initial_window = (guint)section_int(section, "initial_window");
  config->dup_acks = (guint)section_int(section, "dup_acks");
  config->send_buffer = (guint)section_int(section, "send_buffer");
  config->receive_buffer = (guint)section_int(section, "receive_buffer");
  config->send_buffer_max = (guint)section_int(section, "send_buffer_max");
  config->receive_buffer_max = (guint)section_int(section, "receive_buffer_max");
  config->rack = section_int(section, "rack");
  config->tlp = section_int(section, "tlp");
  config->frto = section_int(section, "frto");
  config->prr = section_int(section, "prr");
  config->undo = section_int(section, "undo");
  config->collapse = section_int(section, "collapse");
  config->tso = section_int(section, "tso");
}

void
spec_socket(const Section *section, TcpConfig *config)
{
  config->user_timeout_ns = section_int(section, "user_timeout");
  config->keepalive_ns = section_int(section, "tcp_keepalive");
}
