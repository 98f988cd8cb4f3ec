/* The tables, and what becomes of a section in the configs of the machines. */
#include <string.h>

#include "models/spec/spec_model.h"
#include "tests/models/spec/values.h"

#define MS G_GINT64_CONSTANT(1000000)
#define SECOND (1000 * MS)

static const KindSpec *
kind(const char *name)
{
  return spec_kind(spec_model_kinds, name);
}

static void
check_param(const char *where, const ParamSpec *spec)
{
  g_autofree char *name = g_strdup_printf("%s.%s", where, spec->name);
  g_autoptr(Value) value = spec->fallback ? values_parse(spec, spec->fallback) : NULL;

  g_test_message("%s", name);
  g_assert_nonnull(spec->help);
  g_assert_cmpuint(strlen(spec->help), >, 8);
  g_assert_true(spec->type != PARAM_WORD || spec->words != NULL);
  g_assert_true((spec->type == PARAM_REF || spec->type == PARAM_PATH) == (spec->refers != NULL));
  g_assert_true(!(spec->flags & PARAM_REQUIRED) || spec->fallback == NULL);
  g_assert_true(value != NULL || spec->fallback == NULL);
  for (const CallSpec *call = spec->calls; call && call->name; call++) {
    g_assert_nonnull(call->help);
    for (const ParamSpec *argument = call->params; argument->name; argument++)
      check_param(name, argument);
  }
}

/* Every key has help, a name of its own, and a default that its own type, words and range allow. */
static void
test_tables(void)
{
  static const char *const kinds[] = {"link",    "tcp",       "broker", "client",
                                      "publish", "subscribe", "fault"};

  for (gsize k = 0; k < G_N_ELEMENTS(kinds); k++) {
    const KindSpec *spec = spec_model_kinds[k];

    g_assert_cmpstr(spec->kind, ==, kinds[k]);
    g_assert_true(spec->model);
    g_assert_true(spec->profiles == (k < 4));
    for (const ParamSpec *param = spec->params; param->name; param++) {
      check_param(spec->kind, param);
      g_assert_true(spec_param(spec, param->name) == param);
    }
  }
  g_assert_null(spec_model_kinds[G_N_ELEMENTS(kinds)]);
}

/* What lies outside a key's range or words is not a value of it. */
static void
test_ranges(void)
{
  static const struct {
    const char *kind, *key, *text;
    gboolean allowed;
  } rows[] = {
      {"link", "loss", "100%", TRUE},
      {"link", "loss", "101%", FALSE},
      {"link", "mtu", "67B", FALSE},
      {"link", "mtu", "65535B", TRUE},
      {"link", "queue", "0 packets", FALSE},
      {"link", "queue", "64kB", TRUE},
      {"link", "rate", "0bit/s", FALSE},
      {"link", "rate", "unlimited", TRUE},
      {"link", "order", "lifo", FALSE},
      {"link", "outage_every", "never", TRUE},
      {"link", "delay", "never", FALSE},
      {"tcp", "delayed_ack", "501ms", FALSE},
      {"tcp", "syn_retries", "256", FALSE},
      {"client", "keep_alive", "0s", FALSE},
      {"client", "keep_alive", "65535s", TRUE},
      {"client", "keep_alive", "never", TRUE},
      {"client", "keep_alive", "65536s", FALSE},
      {"client", "count", "0", FALSE},
      {"client", "inflight", "0", FALSE},
      {"client", "queue", "0", TRUE},
      {"client", "session_expiry", "4294967295s", FALSE},
      {"client", "protocol", "amqp1", FALSE},
      {"client", "store", "every-change(2ms)", TRUE},
      {"broker", "maximum_qos", "3", FALSE},
      {"broker", "keep_alive_factor", "0.5", FALSE},
      {"publish", "size", "7B", FALSE},
      {"publish", "qos", "2", TRUE},
      {"publish", "start", "random", TRUE},
      {"fault", "what", "restart", TRUE},
      {"fault", "what", "earthquake", FALSE},
      {"client", "store", "snapshot(30min)", TRUE},
  };

  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    const ParamSpec *spec = spec_param(kind(rows[i].kind), rows[i].key);
    g_autoptr(Value) value = values_parse(spec, rows[i].text);

    g_test_message("%s.%s = %s", rows[i].kind, rows[i].key, rows[i].text);
    g_assert_true((value != NULL) == rows[i].allowed);
  }
}

static void
test_link_defaults(void)
{
  g_autoptr(Scenario) scenario = scenario_new();
  LinkConfig config;

  spec_link(values_section(scenario, kind("link"), "perfect"), &config);
  g_assert_null(config.rtt);
  g_assert_cmpfloat(config.up_share, ==, 0.5);
  g_assert_true(config.fifo);
  g_assert_cmpuint(config.mtu, ==, 1500);
  g_assert_null(config.outage_every);
  g_assert_null(config.outage_gap);
  for (guint d = NET_UP; d <= NET_DOWN; d++) {
    g_assert_cmpint(config.direction[d].rate, ==, NET_UNLIMITED);
    g_assert_cmpint(config.direction[d].queue_packets, ==, 1000);
    g_assert_cmpint(config.direction[d].queue_bytes, ==, NET_UNLIMITED);
    g_assert_cmpfloat(dist_max(config.direction[d].delay), ==, 0);
    g_assert_cmpint(config.direction[d].loss.kind, ==, LOSS_BERNOULLI);
    g_assert_cmpfloat(config.direction[d].loss.rate, ==, 0);
  }
}

/* A key of one direction wins over the key of both. */
static void
test_link_directions(void)
{
  g_autoptr(Scenario) scenario = scenario_new();
  Section *link = values_section(scenario, kind("link"), "radio");
  LinkConfig config;

  values_set(link, "rate", "1Mbit/s");
  values_set(link, "up_rate", "375kbit/s");
  values_set(link, "queue", "64kB");
  values_set(link, "down_queue", "5 packets");
  values_set(link, "delay", "10ms");
  values_set(link, "down_delay", "exponential(20ms)");
  values_set(link, "loss", "2%");
  values_set(link, "up_loss", "gilbert(mean=10%, burst=400ms, loss_good=5%, loss_bad=25%)");
  values_set(link, "order", "free");
  values_set(link, "mtu", "1358B");
  values_set(link, "outage_gap", "exponential(20min)");
  values_set(link, "outage_lasts", "4s");
  spec_link(link, &config);

  g_assert_cmpint(config.direction[NET_UP].rate, ==, 375000);
  g_assert_cmpint(config.direction[NET_DOWN].rate, ==, 1000000);
  g_assert_cmpint(config.direction[NET_UP].queue_bytes, ==, 64000);
  g_assert_cmpint(config.direction[NET_UP].queue_packets, ==, NET_UNLIMITED);
  g_assert_cmpint(config.direction[NET_DOWN].queue_packets, ==, 5);
  g_assert_cmpint(config.direction[NET_DOWN].queue_bytes, ==, NET_UNLIMITED);
  g_assert_cmpfloat(dist_mean(config.direction[NET_UP].delay), ==, 10.0 * MS);
  g_assert_cmpint(dist_kind(config.direction[NET_DOWN].delay), ==, DIST_EXPONENTIAL);
  g_assert_cmpint(config.direction[NET_UP].loss.kind, ==, LOSS_GILBERT);
  g_assert_cmpfloat(config.direction[NET_UP].loss.bad_ns, ==, 400.0 * MS);
  g_assert_cmpfloat_with_epsilon(config.direction[NET_UP].loss.good_ns, 1200.0 * MS, 1);
  g_assert_cmpfloat(config.direction[NET_DOWN].loss.rate, ==, 0.02);
  g_assert_false(config.fifo);
  g_assert_cmpuint(config.mtu, ==, 1358);
  g_assert_cmpfloat(dist_mean(config.outage_gap), ==, 1200.0 * SECOND);
  g_assert_cmpfloat(dist_mean(config.outage_lasts), ==, 4.0 * SECOND);
}

static void
test_tcp(void)
{
  g_autoptr(Scenario) scenario = scenario_new();
  Section *tcp = values_section(scenario, kind("tcp"), "modem");
  TcpConfig config, linux_config;

  /* The defaults are the stack that the machine calls Linux, but for its buffers. */
  spec_tcp(tcp, &config);
  tcp_config_linux(&linux_config);
  g_assert_cmpint(config.rto_rule, ==, linux_config.rto_rule);
  g_assert_cmpint(config.rto_initial_ns, ==, linux_config.rto_initial_ns);
  g_assert_cmpint(config.rto_min_ns, ==, linux_config.rto_min_ns);
  g_assert_cmpint(config.rto_max_ns, ==, linux_config.rto_max_ns);
  g_assert_cmpuint(config.syn_retries, ==, linux_config.syn_retries);
  g_assert_cmpuint(config.synack_retries, ==, linux_config.synack_retries);
  g_assert_cmpuint(config.data_retries, ==, linux_config.data_retries);
  g_assert_cmpint(config.delayed_ack_ns, ==, linux_config.delayed_ack_ns);
  g_assert_cmpuint(config.dup_acks, ==, linux_config.dup_acks);
  g_assert_cmpuint(config.initial_window, ==, linux_config.initial_window);
  g_assert_cmpint(config.tick_ns, ==, linux_config.tick_ns);
  g_assert_cmpint(config.ack_rule, ==, linux_config.ack_rule);
  g_assert_cmpint(config.delayed_ack_max_ns, ==, linux_config.delayed_ack_max_ns);
  g_assert_cmpuint(config.quick_acks, ==, linux_config.quick_acks);
  g_assert_cmpint(config.sack_delay_ns, ==, linux_config.sack_delay_ns);
  g_assert_cmpint(config.sack, ==, linux_config.sack);
  g_assert_cmpint(config.timestamps, ==, linux_config.timestamps);
  g_assert_cmpint(config.window_scaling, ==, linux_config.window_scaling);
  g_assert_cmpuint(config.mss, ==, linux_config.mss);
  g_assert_cmpfloat(config.rto_backoff, ==, linux_config.rto_backoff);
  g_assert_cmpuint(config.syn_linear, ==, linux_config.syn_linear);
  g_assert_cmpint(config.minshall, ==, linux_config.minshall);
  g_assert_cmpint(config.congestion, ==, linux_config.congestion);
  g_assert_cmpint(config.hystart, ==, linux_config.hystart);
  g_assert_cmpint(config.idle_restart, ==, linux_config.idle_restart);
  g_assert_cmpuint(config.send_buffer, ==, 64000);
  g_assert_cmpuint(config.receive_buffer, ==, linux_config.receive_buffer);
  g_assert_cmpuint(config.held_pieces, ==, linux_config.held_pieces);
  g_assert_cmpint(config.tso, ==, linux_config.tso);
  g_assert_cmpuint(config.send_buffer_max, ==, linux_config.send_buffer_max);
  g_assert_cmpuint(config.receive_buffer_max, ==, linux_config.receive_buffer_max);

  values_set(tcp, "rto_rule", "rfc6298");
  values_set(tcp, "rto_initial", "3s");
  values_set(tcp, "rto_min", "1s");
  values_set(tcp, "rto_max", "60s");
  values_set(tcp, "syn_retries", "1");
  values_set(tcp, "synack_retries", "2");
  values_set(tcp, "data_retries", "8");
  values_set(tcp, "tick", "500ms");
  values_set(tcp, "ack_rule", "rfc1122");
  values_set(tcp, "delayed_ack", "never");
  values_set(tcp, "delayed_ack_max", "300ms");
  values_set(tcp, "quick_acks", "7");
  values_set(tcp, "sack_delay", "2ms");
  values_set(tcp, "sack", "no");
  values_set(tcp, "timestamps", "no");
  values_set(tcp, "window_scaling", "no");
  values_set(tcp, "mss", "536");
  values_set(tcp, "rto_backoff", "1.5");
  values_set(tcp, "syn_linear", "0");
  values_set(tcp, "minshall", "no");
  values_set(tcp, "congestion", "reno");
  values_set(tcp, "hystart", "no");
  values_set(tcp, "idle_restart", "no");
  values_set(tcp, "initial_window", "4");
  values_set(tcp, "dup_acks", "4");
  values_set(tcp, "send_buffer", "4kB");
  values_set(tcp, "receive_buffer", "5kB");
  values_set(tcp, "held_pieces", "3");
  values_set(tcp, "tso", "no");
  values_set(tcp, "send_buffer_max", "6kB");
  values_set(tcp, "receive_buffer_max", "7kB");
  spec_tcp(tcp, &config);
  g_assert_cmpint(config.rto_rule, ==, TCP_RTO_RULE_RFC6298);
  g_assert_cmpint(config.rto_initial_ns, ==, 3 * SECOND);
  g_assert_cmpint(config.rto_min_ns, ==, SECOND);
  g_assert_cmpint(config.rto_max_ns, ==, 60 * SECOND);
  g_assert_cmpuint(config.syn_retries, ==, 1);
  g_assert_cmpuint(config.synack_retries, ==, 2);
  g_assert_cmpuint(config.data_retries, ==, 8);
  g_assert_cmpint(config.tick_ns, ==, 500 * SECOND / 1000);
  g_assert_cmpint(config.ack_rule, ==, TCP_ACK_RULE_RFC1122);
  g_assert_cmpint(config.delayed_ack_ns, ==, TCP_NEVER);
  g_assert_cmpint(config.delayed_ack_max_ns, ==, 300 * SECOND / 1000);
  g_assert_cmpuint(config.quick_acks, ==, 7);
  g_assert_cmpint(config.sack_delay_ns, ==, 2 * SECOND / 1000);
  g_assert_false(config.sack);
  g_assert_false(config.timestamps);
  g_assert_false(config.window_scaling);
  g_assert_cmpuint(config.mss, ==, 536);
  g_assert_cmpfloat(config.rto_backoff, ==, 1.5);
  g_assert_cmpuint(config.syn_linear, ==, 0);
  g_assert_false(config.minshall);
  g_assert_cmpint(config.congestion, ==, TCP_RENO);
  g_assert_false(config.hystart);
  g_assert_false(config.idle_restart);
  g_assert_cmpuint(config.initial_window, ==, 4);
  g_assert_cmpuint(config.dup_acks, ==, 4);
  g_assert_cmpuint(config.send_buffer, ==, 4000);
  g_assert_cmpuint(config.receive_buffer, ==, 5000);
  g_assert_cmpuint(config.held_pieces, ==, 3);
  g_assert_false(config.tso);
  g_assert_cmpuint(config.send_buffer_max, ==, 6000);
  g_assert_cmpuint(config.receive_buffer_max, ==, 7000);

  values_set(tcp, "rto_rule", "fixed");
  spec_tcp(tcp, &config);
  g_assert_cmpint(config.rto_rule, ==, TCP_RTO_RULE_FIXED);

  Section *client = values_section(scenario, kind("client"), "sensor");
  spec_socket(client, &config);
  g_assert_cmpint(config.user_timeout_ns, ==, TCP_NEVER);
  g_assert_cmpint(config.keepalive_ns, ==, TCP_NEVER);
  values_set(client, "user_timeout", "20s");
  values_set(client, "tcp_keepalive", "2h");
  spec_socket(client, &config);
  g_assert_cmpint(config.user_timeout_ns, ==, 20 * SECOND);
  g_assert_cmpint(config.keepalive_ns, ==, 7200 * SECOND);
}

static void
test_client_defaults(void)
{
  g_autoptr(Scenario) scenario = scenario_new();
  MqttClientConfig config;

  spec_client(values_section(scenario, kind("client"), "sensor"), &config);
  g_assert_cmpint(config.version, ==, MQTT_5_0);
  g_assert_cmpint(config.clean_start, ==, MQTT_CLEAN_YES);
  g_assert_cmpuint(config.session_expiry_s, ==, 0);
  g_assert_cmpuint(config.keep_alive_s, ==, 60);
  g_assert_cmpint(config.ping_timeout_ns, ==, 60 * SECOND);
  g_assert_cmpint(config.connect_timeout_ns, ==, 30 * SECOND);
  g_assert_cmpuint(config.inflight, ==, MQTT_UNLIMITED);
  g_assert_cmpuint(config.queue, ==, MQTT_UNLIMITED);
  g_assert_cmpuint(config.queue_bytes, ==, G_MAXUINT64);
  g_assert_cmpint(config.on_queue_full, ==, MQTT_DROP_NEW);
  g_assert_cmpint(config.offline_queue, ==, MQTT_OFFLINE_QOS12);
  g_assert_cmpuint(config.receive_maximum, ==, 65535);
  g_assert_cmpuint(config.maximum_packet_size, ==, MQTT_UNLIMITED);
  g_assert_cmpint(config.ack_timeout_ns, ==, MQTT_NEVER);
  g_assert_cmpint(config.on_ack_timeout, ==, MQTT_ACK_REPORT);
  g_assert_cmpfloat(config.ack_backoff, ==, 1);
  g_assert_cmpuint(config.ack_tries, ==, MQTT_UNLIMITED);
  g_assert_cmpint(config.qos2_receiver, ==, MQTT_QOS2_ON_PUBLISH);
  g_assert_false(config.store);
  g_assert_true(config.ack_after_store);
}

static void
test_client_keys(void)
{
  g_autoptr(Scenario) scenario = scenario_new();
  Section *client = values_section(scenario, kind("client"), "sensor");
  MqttClientConfig config;

  values_set(client, "protocol", "mqtt311");
  values_set(client, "clean_start", "no");
  values_set(client, "session_expiry", "7d");
  values_set(client, "keep_alive", "10min");
  values_set(client, "connect_timeout", "never");
  values_set(client, "inflight", "20");
  values_set(client, "queue", "0");
  values_set(client, "queue_bytes", "1MB");
  values_set(client, "on_queue_full", "drop-old");
  values_set(client, "offline_queue", "none");
  values_set(client, "receive_maximum", "10");
  values_set(client, "maximum_packet_size", "1kB");
  values_set(client, "ack_timeout", "900ms");
  values_set(client, "on_ack_timeout", "reconnect");
  values_set(client, "ack_backoff", "2");
  values_set(client, "ack_tries", "5");
  values_set(client, "qos2_receiver", "on-pubrel");
  values_set(client, "store", "every-change(2ms)");
  values_set(client, "ack_after_store", "no");
  spec_client(client, &config);
  g_assert_cmpint(config.version, ==, MQTT_3_1_1);
  g_assert_cmpint(config.clean_start, ==, MQTT_CLEAN_NO);
  g_assert_cmpuint(config.session_expiry_s, ==, 604800);
  g_assert_cmpuint(config.keep_alive_s, ==, 600);
  g_assert_cmpint(config.ping_timeout_ns, ==, 600 * SECOND);
  g_assert_cmpint(config.connect_timeout_ns, ==, MQTT_NEVER);
  g_assert_cmpuint(config.inflight, ==, 20);
  g_assert_cmpuint(config.queue, ==, 0);
  g_assert_cmpuint(config.queue_bytes, ==, 1000000);
  g_assert_cmpint(config.on_queue_full, ==, MQTT_DROP_OLD);
  g_assert_cmpint(config.offline_queue, ==, MQTT_OFFLINE_NONE);
  g_assert_cmpuint(config.receive_maximum, ==, 10);
  g_assert_cmpuint(config.maximum_packet_size, ==, 1000);
  g_assert_cmpint(config.ack_timeout_ns, ==, 900 * MS);
  g_assert_cmpint(config.on_ack_timeout, ==, MQTT_ACK_RECONNECT);
  g_assert_cmpfloat(config.ack_backoff, ==, 2);
  g_assert_cmpuint(config.ack_tries, ==, 5);
  g_assert_cmpint(config.qos2_receiver, ==, MQTT_QOS2_ON_PUBREL);
  g_assert_true(config.store);
  g_assert_false(config.ack_after_store);

  values_set(client, "ping_timeout", "10s");
  values_set(client, "keep_alive", "never");
  values_set(client, "session_expiry", "never");
  spec_client(client, &config);
  g_assert_cmpuint(config.keep_alive_s, ==, 0);
  g_assert_cmpint(config.ping_timeout_ns, ==, 10 * SECOND);
  g_assert_cmpuint(config.session_expiry_s, ==, G_MAXUINT32);
}

static void
test_client_words(void)
{
  static const struct {
    const char *key, *word;
    gsize offset;
    guint value;
  } rows[] = {
      {"on_ack_timeout", "resend", G_STRUCT_OFFSET(MqttClientConfig, on_ack_timeout),
       MQTT_ACK_RESEND},
      {"on_ack_timeout", "give-up", G_STRUCT_OFFSET(MqttClientConfig, on_ack_timeout),
       MQTT_ACK_GIVE_UP},
      {"on_queue_full", "refuse", G_STRUCT_OFFSET(MqttClientConfig, on_queue_full),
       MQTT_FULL_REFUSE},
      {"offline_queue", "all", G_STRUCT_OFFSET(MqttClientConfig, offline_queue), MQTT_OFFLINE_ALL},
  };

  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(Scenario) scenario = scenario_new();
    Section *client = values_section(scenario, kind("client"), "sensor");
    MqttClientConfig config;

    values_set(client, rows[i].key, rows[i].word);
    spec_client(client, &config);
    g_assert_cmpuint(G_STRUCT_MEMBER(guint, &config, rows[i].offset), ==, rows[i].value);
  }
}

static void
test_broker(void)
{
  g_autoptr(Scenario) scenario = scenario_new();
  Section *broker = values_section(scenario, kind("broker"), "hub");
  MqttBrokerConfig config;

  spec_broker(broker, &config);
  g_assert_cmpuint(config.quirks, ==, 0);
  g_assert_false(config.copy_each);
  g_assert_cmpuint(config.versions, ==, 0);
  g_assert_false(config.queue_qos0);
  g_assert_cmpint(config.keep_alive_check_ns, ==, 0);
  g_assert_cmpuint(config.maximum_qos, ==, 2);
  g_assert_cmpuint(config.inflight, ==, MQTT_UNLIMITED);
  g_assert_cmpuint(config.queue, ==, MQTT_UNLIMITED);
  g_assert_cmpuint(config.queue_bytes, ==, G_MAXUINT64);
  g_assert_cmpint(config.on_queue_full, ==, MQTT_DROP_NEW);
  g_assert_cmpuint(config.receive_maximum, ==, 65535);
  g_assert_cmpuint(config.maximum_packet_size, ==, MQTT_UNLIMITED);
  g_assert_cmpfloat(config.keep_alive_factor, ==, 1.5);
  g_assert_false(config.store);
  g_assert_true(config.ack_after_store);

  values_set(broker, "maximum_qos", "1");
  values_set(broker, "inflight", "7");
  values_set(broker, "queue", "100");
  values_set(broker, "queue_bytes", "2kB");
  values_set(broker, "on_queue_full", "refuse");
  values_set(broker, "receive_maximum", "30");
  values_set(broker, "maximum_packet_size", "500B");
  values_set(broker, "keep_alive_factor", "2");
  values_set(broker, "qos2_receiver", "on-pubrel");
  values_set(broker, "store", "every-change(exponential(5ms))");
  values_set(broker, "ack_after_store", "no");
  values_set(broker, "keep_alive_check", "6s");
  values_set(broker, "overlapping", "each");
  values_set(broker, "quirks", "overrun-refused, whole-seconds");
  spec_broker(broker, &config);
  g_assert_cmpint(config.keep_alive_check_ns, ==, 6000 * MS);
  g_assert_true(config.copy_each);
  values_set(broker, "protocols", "mqtt311");
  values_set(broker, "queue_qos0", "yes");
  spec_broker(broker, &config);
  g_assert_cmpuint(config.versions, ==, 1);
  g_assert_true(config.queue_qos0);
  g_assert_cmpuint(config.quirks, ==, MQTT_QUIRK_OVERRUN_REFUSED | MQTT_QUIRK_WHOLE_SECONDS);
  g_assert_cmpuint(config.maximum_qos, ==, 1);
  g_assert_cmpuint(config.inflight, ==, 7);
  g_assert_cmpuint(config.queue, ==, 100);
  g_assert_cmpuint(config.queue_bytes, ==, 2000);
  g_assert_cmpint(config.on_queue_full, ==, MQTT_FULL_REFUSE);
  g_assert_cmpuint(config.receive_maximum, ==, 30);
  g_assert_cmpuint(config.maximum_packet_size, ==, 500);
  g_assert_cmpfloat(config.keep_alive_factor, ==, 2);
  g_assert_cmpint(config.qos2_receiver, ==, MQTT_QOS2_ON_PUBREL);
  g_assert_true(config.store);
  g_assert_false(config.ack_after_store);
}

/* rtt: medians, both directions; of a client over its whole path. */
static void
test_derived(void)
{
  g_autoptr(Scenario) scenario = scenario_new();
  Section *radio = values_section(scenario, kind("link"), "radio");
  Section *backhaul = values_section(scenario, kind("link"), "backhaul");
  Section *client = values_section(scenario, kind("client"), "sensor");
  double rtt_ns;

  values_set(radio, "rtt", "lognormal(median=300ms, p95=900ms)");
  values_set(backhaul, "delay", "5ms");
  values_set(backhaul, "down_delay", "7ms");
  values_set(client, "link", "radio > backhaul");
  g_assert_true(spec_derived(scenario, radio, "rtt", &rtt_ns));
  g_assert_cmpfloat_with_epsilon(rtt_ns, 300.0 * MS, 1);
  g_assert_true(spec_derived(scenario, backhaul, "rtt", &rtt_ns));
  g_assert_cmpfloat(rtt_ns, ==, 12.0 * MS);
  g_assert_true(spec_derived(scenario, client, "rtt", &rtt_ns));
  g_assert_cmpfloat_with_epsilon(rtt_ns, 312.0 * MS, 1);
  g_assert_false(spec_derived(scenario, client, "speed", &rtt_ns));
  g_assert_false(
      spec_derived(scenario, values_section(scenario, kind("broker"), "hub"), "rtt", &rtt_ns));
}

static void
test_topic(void)
{
  static const struct {
    const char *pattern, *expected;
  } rows[] = {
      {"fleet/{client}/temp", "fleet/sensor-17/temp"},
      {"{group}/{n}", "sensor/17"},
      {"{n:5}", "00017"},
      {"{n:1}", "17"},
      {"{any sensor}/{each sensor}", "{any sensor}/{each sensor}"},
      {"{client}{client}", "sensor-17sensor-17"},
      {"plain/#", "plain/#"},
      {"open{client", "open{client"},
      {"", ""},
  };

  for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *topic = spec_topic(rows[i].pattern, "sensor", 17);

    g_assert_cmpstr(topic, ==, rows[i].expected);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/spec/tables", test_tables);
  g_test_add_func("/spec/ranges", test_ranges);
  g_test_add_func("/spec/link-defaults", test_link_defaults);
  g_test_add_func("/spec/link-directions", test_link_directions);
  g_test_add_func("/spec/tcp", test_tcp);
  g_test_add_func("/spec/client-defaults", test_client_defaults);
  g_test_add_func("/spec/client-keys", test_client_keys);
  g_test_add_func("/spec/client-words", test_client_words);
  g_test_add_func("/spec/broker", test_broker);
  g_test_add_func("/spec/derived", test_derived);
  g_test_add_func("/spec/topic", test_topic);
  return g_test_run();
}
