#include "sim/record/metric.h"

#include <math.h>
#include <string.h>

static const char *const counter_names[COUNT_N] = {
  [COUNT_PUBLISHED] = "published",
  [COUNT_OWED] = "owed",
  [COUNT_ONCE] = "once",
  [COUNT_DUPLICATED] = "duplicated",
  [COUNT_LOST] = "lost",
  [COUNT_PENDING] = "pending",
  [COUNT_WITH_OWED] = "with-owed",
  [COUNT_COMPLETE] = "complete",
  [COUNT_DEADLINE_MET] = "deadline-met",
  [COUNT_ANY_MET] = "any-met",
  [COUNT_EXTRA_COPIES] = "extra-copies",
  [COUNT_SILENT_LOSS] = "silent-loss",
  [COUNT_RESENDS_TIMER] = "resends-timer",
  [COUNT_RESENDS_RECONNECT] = "resends-reconnect",
  [COUNT_NEEDLESS_RESENDS] = "needless-resends",
  [COUNT_DOWNGRADED] = "downgraded",
  [COUNT_MET_IN_WINDOW] = "met-in-window",
  [COUNT_WINDOW_S] = "window-s",
  [COUNT_CLIENTS] = "clients",
  [COUNT_BYTES_UP] = "bytes-up",
  [COUNT_BYTES_DOWN] = "bytes-down",
  [COUNT_WINDOW_BYTES] = "window-bytes",
  [COUNT_MQTT_BYTES_UP] = "mqtt-bytes-up",
  [COUNT_MQTT_BYTES_DOWN] = "mqtt-bytes-down",
  [COUNT_PACKETS_UP] = "packets-up",
  [COUNT_PACKETS_DOWN] = "packets-down",
  [COUNT_PACKETS_LOST] = "packets-lost",
  [COUNT_GROUP_ANY_MET] = "group-any-met",
  [COUNT_DATA_SEGMENTS] = "data-segments",
  [COUNT_TCP_RETRANSMISSIONS] = "tcp-retransmissions",
  [COUNT_RECONNECTS] = "reconnects",
  [COUNT_CLIENT_WINDOW_S] = "client-window-s",
  [COUNT_BLIND_S] = "blind-s",
  [COUNT_OFFLINE_S] = "offline-s",
  [COUNT_WANTED_S] = "wanted-s",
  [COUNT_QUEUE_PEAK] = "queue-peak",
  [COUNT_INFLIGHT_PEAK] = "inflight-peak",
  [COUNT_REFUSED] = "refused",
};

static const char *const histogram_names[HISTOGRAM_N] = {
  [HISTOGRAM_LATENCY] = "latency",
  [HISTOGRAM_ACK_LATENCY] = "ack-latency",
  [HISTOGRAM_DETECT_CLIENT] = "detect-client",
  [HISTOGRAM_DETECT_BROKER] = "detect-broker",
};

/* Where several metrics share a sentence, it is written once. */
#define HELP_LATENCY \
  "From the publish() call, waiting in the client included, to the first hand-over to the " \
  "subscriber's application, before its `process`; over obligations met: later copies and lost " \
  "messages have no latency."
#define HELP_ARRIVAL \
  "The time by which that share of *all* owed was met, `never` if it never was: the quantile " \
  "that 12 % loss cannot flatter; `cdf` plots show this distribution."
#define HELP_ACK "From the publish() call to the application being told success."
#define HELP_DETECT \
  "From the moment after which no packet of the connection could pass again (start of the outage " \
  "that it did not survive, NAT expiry) until that side closes it; one sample per doomed " \
  "connection and side, none for outages survived."
#define HELP_BYTES \
  "IP bytes that enter the link in that direction, lost ones and handshakes included."
#define HELP_MQTT_BYTES "Bytes of the MQTT packets handed to TCP for that direction."

/* clang-format off */
#define SUM(...) {__VA_ARGS__, COUNT_N}
#define NOTHING {COUNT_N}
#define COUNTED(name, of, counter, unit, heading, label, help) \
  {name, of, METRIC_COUNT, {counter, COUNT_N}, NOTHING, HISTOGRAM_N, 1, unit, heading, label, help}
#define DIVIDED(name, of, kind, top, bottom, scale, unit, heading, label, help) \
  {name, of, kind, {top, COUNT_N}, {bottom, COUNT_N}, HISTOGRAM_N, scale, unit, heading, label, \
    help}
#define TIMED(name, of, kind, histogram, heading, label, help) \
  {name, of, kind, NOTHING, NOTHING, histogram, 1e-9, "s", heading, label, help}
#define LOST_BY(name, cause, words, help) \
  COUNTED("lost_" name, OF_PUBLISH, COUNT_LOST_CAUSE + cause, "1", "lost, " words, \
          "obligations lost: " words, "Obligations lost: " help)

const Metric metric_table[] = {
  COUNTED("published", OF_PUBLISH, COUNT_PUBLISHED, "1", "published", "messages published",
    "publish() calls in the window, refused ones included."),
  COUNTED("owed", OF_PUBLISH, COUNT_OWED, "1", "owed", "obligations",
    "Obligations: pairs of a message and a client whose application held, when publish() was "
    "called, a matching subscription that had been acknowledged and not given up, however many of "
    "its filters match and whatever the broker has forgotten since; a shared subscription is owed "
    "one copy in all."),
  {"delivered", OF_PUBLISH, METRIC_COUNT, SUM(COUNT_ONCE, COUNT_DUPLICATED), NOTHING, HISTOGRAM_N,
    1, "1", "delivered", "obligations met",
    "Obligations met: handed to the application at least once by the end of the run."},
  {"delivery_ratio", OF_PUBLISH, METRIC_RATIO, SUM(COUNT_ONCE, COUNT_DUPLICATED),
    {COUNT_OWED, COUNT_N}, HISTOGRAM_N, 1, "", "delivered", "delivery ratio",
    "Obligations met, divided by owed (with ten subscribers, nine of which got the message: 90 "
    "%)."},
  DIVIDED("complete_ratio", OF_PUBLISH, METRIC_RATIO, COUNT_COMPLETE, COUNT_WITH_OWED, 1, "",
    "complete", "messages complete",
    "Messages all of whose obligations were met, divided by messages that had one (there: 0 %)."),
  DIVIDED("deadline_ratio", OF_PUBLISH, METRIC_RATIO, COUNT_DEADLINE_MET, COUNT_OWED, 1, "",
    "in time", "delivered within the deadline",
    "Obligations met within `deadline` of publish(), divided by owed."),
  COUNTED("lost", OF_PUBLISH, COUNT_LOST, "1", "lost", "obligations lost",
    "Obligations that no continuation of the run could meet: every copy and all state that could "
    "produce another is gone, or the exchange is stuck."),
  DIVIDED("loss_ratio", OF_PUBLISH, METRIC_RATIO, COUNT_LOST, COUNT_OWED, 1, "", "lost",
    "loss ratio", "Obligations lost, divided by owed."),
  LOST_BY("refused_by_client", CAUSE_REFUSED_BY_CLIENT, "refused by client",
    "publish() refused them, by the client's settings or the broker's."),
  LOST_BY("client_queue_full", CAUSE_CLIENT_QUEUE_FULL, "client queue full",
    "a queue of the publishing client had no room."),
  LOST_BY("connection_lost", CAUSE_CONNECTION_LOST, "connection lost",
    "bytes of QoS 0 died with their connection, or while waiting for one."),
  LOST_BY("broker_refused", CAUSE_BROKER_REFUSED, "broker refused",
    "the broker answered with a reason code of 0x80 or above."),
  LOST_BY("broker_discarded", CAUSE_BROKER_DISCARDED, "broker discarded",
    "the subscriber answered the broker so."),
  LOST_BY("broker_queue_full", CAUSE_BROKER_QUEUE_FULL, "broker queue full",
    "the broker's queue for the session had no room."),
  LOST_BY("too_large", CAUSE_TOO_LARGE, "too large",
    "beyond the peer's Maximum Packet Size."),
  LOST_BY("message_expired", CAUSE_MESSAGE_EXPIRED, "message expired",
    "the Message Expiry Interval passed."),
  LOST_BY("subscriber_offline", CAUSE_SUBSCRIBER_OFFLINE, "subscriber offline",
    "QoS 0 came for a session without a connection."),
  LOST_BY("no_session", CAUSE_NO_SESSION, "no session",
    "the broker had no session, or no subscription, for the subscriber when the message came."),
  LOST_BY("session_expired", CAUSE_SESSION_EXPIRED, "session expired",
    "the session ended, with its connection or by its Session Expiry Interval."),
  LOST_BY("session_discarded", CAUSE_SESSION_DISCARDED, "session discarded",
    "the session was given up for a new one, by Clean Start or Session Present 0."),
  LOST_BY("state_expired", CAUSE_STATE_EXPIRED, "state expired",
    "the state of a QoS 2 exchange was forgotten by its age."),
  LOST_BY("replaced", CAUSE_REPLACED, "replaced by another",
    "another QoS 2 message came with the identifier while the receiver waited for PUBREL."),
  LOST_BY("taken_for_duplicate", CAUSE_TAKEN_FOR_DUPLICATE, "taken for a duplicate",
    "the receiver still held another QoS 2 message by that identifier, which the sender forgot."),
  LOST_BY("publisher_state_lost", CAUSE_PUBLISHER_STATE_LOST, "publisher state lost",
    "the publisher crashed without having them in a store."),
  LOST_BY("broker_state_lost", CAUSE_BROKER_STATE_LOST, "broker state lost",
    "the broker crashed without having them in a store."),
  LOST_BY("subscriber_state_lost", CAUSE_SUBSCRIBER_STATE_LOST, "subscriber state lost",
    "the subscriber crashed without having them in a store."),
  LOST_BY("gave_up", CAUSE_GAVE_UP, "gave up",
    "`ack_tries` were used up."),
  LOST_BY("stuck", CAUSE_STUCK, "stuck",
    "connected, nothing under way, no timer."),
  LOST_BY("beyond_view", CAUSE_BEYOND_VIEW, "beyond view",
    "sent to a real broker (`qosim live`), and not handed on by the end of the drain."),
  COUNTED("pending", OF_PUBLISH, COUNT_PENDING, "1", "pending", "obligations pending",
    "Obligations neither met nor lost when the run ends: queued, in flight or awaiting a "
    "reconnect; not in `lost`, but in the denominator of every ratio, and a point with any is "
    "marked."),
  DIVIDED("silent_loss", OF_PUBLISH, METRIC_RATIO, COUNT_SILENT_LOSS, COUNT_OWED, 1, "",
    "silently lost", "silent loss",
    "Obligations lost although the publisher's application had been told success (QoS 0: "
    "publish() returned without error), divided by owed."),
  COUNTED("duplicated", OF_PUBLISH, COUNT_DUPLICATED, "1", "duplicated", "obligations duplicated",
    "Obligations handed over more than once; copies that overlapping subscriptions ask for do not "
    "count."),
  {"duplicate_ratio", OF_PUBLISH, METRIC_RATIO, {COUNT_DUPLICATED, COUNT_N},
    {COUNT_ONCE, COUNT_DUPLICATED}, HISTOGRAM_N, 1, "", "duplicated", "duplicate ratio",
    "Obligations handed over more than once, divided by obligations met."},
  {"extra_copies", OF_PUBLISH, METRIC_RATE, {COUNT_EXTRA_COPIES, COUNT_N},
    {COUNT_ONCE, COUNT_DUPLICATED}, HISTOGRAM_N, 1, "1", "copies over 1",
    "extra copies per obligation met",
    "Copies handed over beyond the first, divided by obligations met."},
  TIMED("latency_mean", OF_PUBLISH, METRIC_MEAN, HISTOGRAM_LATENCY, "mean", "mean latency",
    HELP_LATENCY),
  TIMED("latency_p", OF_PUBLISH, METRIC_QUANTILE, HISTOGRAM_LATENCY, "p", "latency, p",
    HELP_LATENCY),
  TIMED("arrival_p", OF_PUBLISH, METRIC_ARRIVAL, HISTOGRAM_LATENCY, "arrival p", "arrival, p",
    HELP_ARRIVAL),
  TIMED("ack_latency_mean", OF_PUBLISH, METRIC_MEAN, HISTOGRAM_ACK_LATENCY, "ack mean",
    "mean time until told success", HELP_ACK),
  TIMED("ack_latency_p", OF_PUBLISH, METRIC_QUANTILE, HISTOGRAM_ACK_LATENCY, "ack p",
    "time until told success, p", HELP_ACK),
  {"resends", OF_PUBLISH, METRIC_RATE, SUM(COUNT_RESENDS_TIMER, COUNT_RESENDS_RECONNECT),
    {COUNT_PUBLISHED, COUNT_N}, HISTOGRAM_N, 1, "1", "resends", "resends per message",
    "PUBLISH and PUBREL sent again by an MQTT machine, per message."},
  DIVIDED("resends_timer", OF_PUBLISH, METRIC_RATE, COUNT_RESENDS_TIMER, COUNT_PUBLISHED, 1, "1",
    "resends, timer", "resends by a timer per message",
    "PUBLISH and PUBREL sent again on the same connection, per message."),
  DIVIDED("resends_reconnect", OF_PUBLISH, METRIC_RATE, COUNT_RESENDS_RECONNECT, COUNT_PUBLISHED,
    1, "1", "resends, reconnect", "resends after a reconnect per message",
    "PUBLISH and PUBREL sent again on a later connection, per message."),
  DIVIDED("needless_resends", OF_PUBLISH, METRIC_RATE, COUNT_NEEDLESS_RESENDS, COUNT_PUBLISHED, 1,
    "1", "needless", "needless resends per message",
    "Resends of a packet of which an earlier copy was, by the end of the run, completely decoded "
    "by the peer's machine, per message."),
  DIVIDED("downgraded", OF_PUBLISH, METRIC_RATIO, COUNT_DOWNGRADED, COUNT_OWED, 1, "",
    "downgraded", "QoS downgraded",
    "Obligations whose granted QoS is below the published one, divided by owed."),
  DIVIDED("throughput", OF_PUBLISH, METRIC_RATE, COUNT_MET_IN_WINDOW, COUNT_WINDOW_S, 1, "1/s",
    "throughput", "throughput",
    "Obligations met in the window, whenever published, per second."),
  DIVIDED("tcp_retransmissions", OF_CLIENT, METRIC_RATE, COUNT_TCP_RETRANSMISSIONS,
    COUNT_DATA_SEGMENTS, 1, "", "TCP again", "TCP retransmissions",
    "Segments sent again by either end, per data segment sent."),
  DIVIDED("reconnects", OF_CLIENT, METRIC_RATE, COUNT_RECONNECTS, COUNT_CLIENT_WINDOW_S, 86400,
    "1/day", "reconnects", "reconnects per client",
    "CONNACKs with success after a client's first, per client and day."),
  TIMED("detect_client_mean", OF_CLIENT, METRIC_MEAN, HISTOGRAM_DETECT_CLIENT,
    "client detects, mean", "mean detection time, client", HELP_DETECT),
  TIMED("detect_client_p", OF_CLIENT, METRIC_QUANTILE, HISTOGRAM_DETECT_CLIENT,
    "client detects, p", "detection time, client, p", HELP_DETECT),
  TIMED("detect_broker_mean", OF_CLIENT, METRIC_MEAN, HISTOGRAM_DETECT_BROKER,
    "broker detects, mean", "mean detection time, broker", HELP_DETECT),
  TIMED("detect_broker_p", OF_CLIENT, METRIC_QUANTILE, HISTOGRAM_DETECT_BROKER,
    "broker detects, p", "detection time, broker, p", HELP_DETECT),
  DIVIDED("blind_ratio", OF_CLIENT, METRIC_SHARE, COUNT_BLIND_S, COUNT_WANTED_S, 1, "", "blind",
    "time blind",
    "Time in which the client holds a doomed connection, divided by the time it wants one."),
  DIVIDED("offline_ratio", OF_CLIENT, METRIC_SHARE, COUNT_OFFLINE_S, COUNT_WANTED_S, 1, "",
    "offline", "time offline",
    "Time in which the client knows that it has no connection, divided by the time it wants one."),
  COUNTED("bytes_up", OF_CLIENT | OF_LINK, COUNT_BYTES_UP, "B", "up", "bytes up", HELP_BYTES),
  COUNTED("bytes_down", OF_CLIENT | OF_LINK, COUNT_BYTES_DOWN, "B", "down", "bytes down",
    HELP_BYTES),
  COUNTED("mqtt_bytes_up", OF_CLIENT, COUNT_MQTT_BYTES_UP, "B", "MQTT up",
    "MQTT bytes up", HELP_MQTT_BYTES),
  COUNTED("mqtt_bytes_down", OF_CLIENT, COUNT_MQTT_BYTES_DOWN, "B", "MQTT down",
    "MQTT bytes down", HELP_MQTT_BYTES),
  {"bytes_per_delivered", OF_CLIENT, METRIC_RATE, SUM(COUNT_BYTES_UP, COUNT_BYTES_DOWN),
    {COUNT_GROUP_ANY_MET, COUNT_N}, HISTOGRAM_N, 1, "B", "per delivered",
    "bytes per delivered message",
    "bytes_up plus bytes_down of the group's links, divided by the messages of the group with at "
    "least one obligation met; fan-out and the subscriber's link are not in it."},
  DIVIDED("bytes_per_day", OF_CLIENT, METRIC_RATE, COUNT_WINDOW_BYTES, COUNT_CLIENT_WINDOW_S,
    86400, "B/day", "bytes", "bytes per client",
    "bytes_up plus bytes_down in the window, per client and day."),
  {"queue_peak", OF_CLIENT | OF_BROKER, METRIC_PEAK, {COUNT_QUEUE_PEAK, COUNT_N}, NOTHING,
    HISTOGRAM_N, 1, "1", "queue peak", "greatest queue",
    "Greatest number of messages waiting in one session during the window."},
  {"inflight_peak", OF_CLIENT | OF_BROKER, METRIC_PEAK, {COUNT_INFLIGHT_PEAK, COUNT_N}, NOTHING,
    HISTOGRAM_N, 1, "1", "in-flight peak", "most in flight",
    "Greatest number of unacknowledged messages in one session during the window."},
  COUNTED("refused", OF_CLIENT, COUNT_REFUSED, "1", "refused", "publish calls refused",
    "publish() calls in the window that the client refused."),
};
/* clang-format on */

const guint metric_table_n = G_N_ELEMENTS(metric_table);

char *
counter_name(Counter counter)
{
  g_assert((guint)counter < COUNT_N);
  guint i = counter;

  if (i >= COUNT_FATE_TOLD && i < COUNT_LOST_CAUSE) {
    i -= COUNT_FATE_TOLD;
    return g_strdup_printf("fate:%s/%s", fate_name(i / TOLD_N), told_name(i % TOLD_N));
  }
  if (i >= COUNT_LOST_CAUSE && i < COUNT_SILENT_CAUSE)
    return g_strconcat("lost:", cause_name(i - COUNT_LOST_CAUSE), NULL);
  if (i >= COUNT_SILENT_CAUSE && i < COUNT_CLIENTS)
    return g_strconcat("silent:", cause_name(i - COUNT_SILENT_CAUSE), NULL);
  g_assert(counter_names[i] != NULL);
  return g_strdup(counter_names[i]);
}

gboolean
counter_is_peak(Counter counter)
{
  return counter == COUNT_QUEUE_PEAK || counter == COUNT_INFLIGHT_PEAK || counter == COUNT_WINDOW_S;
}

const char *
histogram_name(HistogramId histogram)
{
  g_assert((guint)histogram < HISTOGRAM_N);
  return histogram_names[histogram];
}

/* "99", "99.9": percent between 0 and 100, in plain digits, so that a name has one spelling. */
static gboolean
parse_quantile(const char *digits, double *quantile)
{
  gsize whole = strspn(digits, "0123456789");
  gsize n = whole;

  if (whole == 0 || whole > 2 || (whole == 2 && digits[0] == '0'))
    return FALSE;
  if (digits[whole] == '.') {
    gsize part = strspn(digits + whole + 1, "0123456789");

    n = whole + 1 + part;
    if (part == 0 || part > 6 || digits[n - 1] == '0')
      return FALSE;
  }
  if (digits[n] != '\0')
    return FALSE;
  *quantile = g_ascii_strtod(digits, NULL) / 100;
  return *quantile > 0;
}

static gboolean
is_quantile(const Metric *metric)
{
  return metric->kind == METRIC_QUANTILE || metric->kind == METRIC_ARRIVAL;
}

static const Metric *
metric_find(const char *name, double *quantile)
{
  for (guint i = 0; i < metric_table_n; i++) {
    const Metric *metric = &metric_table[i];

    if (!is_quantile(metric)) {
      if (g_str_equal(metric->name, name))
        return metric;
    } else if (g_str_has_prefix(name, metric->name)
               && parse_quantile(name + strlen(metric->name), quantile))
      return metric;
  }
  return NULL;
}

/* The length of a section's name and its dot at the start of text; 0: none. A dot may also be part
 * of the digits of a quantile, but names of sections have no underscore and those of metrics do. */
static gsize
section_prefix(const char *text)
{
  gsize n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

  return n > 0 && g_ascii_islower(text[0]) && text[n] == '.' ? n + 1 : 0;
}

const Metric *
metric_parse(const char *text, char **section, double *quantile)
{
  gsize prefix = section_prefix(text);

  *section = NULL;
  *quantile = NAN;
  const Metric *metric = metric_find(text + prefix, quantile);

  if (metric != NULL && prefix > 0)
    *section = g_strndup(text, prefix - 1);
  return metric;
}
