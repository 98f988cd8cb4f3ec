/* Words that several tables share. */
#pragma once

#include "sim/record/spec.h"

extern const char *const spec_never[];     /* never */
extern const char *const spec_unlimited[]; /* unlimited */

/* The keys that a client and a broker have alike. */
extern const char *const spec_on_queue_full_words[];
extern const char *const spec_qos2_receiver_words[];
extern const char *const spec_store_words[];
extern const CallSpec spec_store_calls[];

/* clang-format off */
#define SPEC_ENDPOINT_KEYS                                                                        \
  {.name = "inflight", .type = PARAM_INT, .fallback = "unlimited", .low = "1", .high = "65535",   \
   .words = spec_unlimited,                                                                       \
   .help = "own bound on unacknowledged QoS 1 and 2 PUBLISH; the peer's Receive Maximum binds "    \
           "too"},                                                                                \
  {.name = "queue", .type = PARAM_INT, .fallback = "unlimited", .low = "0", .high = "4294967294", \
   .words = spec_unlimited,                                                                       \
   .help = "messages waiting behind inflight: in the client, or in the broker per session"},      \
  {.name = "queue_bytes", .type = PARAM_SIZE, .fallback = "unlimited", .low = "0B",               \
   .words = spec_unlimited, .help = "the same, as payload and topic bytes"},                      \
  {.name = "on_queue_full", .type = PARAM_WORD, .fallback = "drop-new",                           \
   .words = spec_on_queue_full_words,                                                             \
   .help = "refuse: publish() of a client fails, a broker answers 0x97, in mqtt311 it closes"},   \
  {.name = "receive_maximum", .type = PARAM_INT, .fallback = "65535", .low = "1",                 \
   .high = "65535", .help = "announced in CONNECT or CONNACK (MQTT 5)"},                          \
  {.name = "maximum_packet_size", .type = PARAM_SIZE, .fallback = "unlimited", .low = "1B",       \
   .high = "4294967294B", .words = spec_unlimited,                                                \
   .help = "announced in CONNECT or CONNACK (MQTT 5)"},                                           \
  {.name = "topic_alias_maximum", .type = PARAM_INT, .fallback = "0", .low = "0",                 \
   .high = "65535", .help = "announced in CONNECT or CONNACK (MQTT 5)"},                          \
  {.name = "qos2_receiver", .type = PARAM_WORD, .fallback = "on-publish",                         \
   .words = spec_qos2_receiver_words,                                                             \
   .help = "when an incoming QoS 2 message is handed on"},                                        \
  {.name = "store", .type = PARAM_CALL, .fallback = "none", .words = spec_store_words,            \
   .calls = spec_store_calls, .help = "what outlives a crash, and how long one write takes"},     \
  {.name = "ack_after_store", .type = PARAM_FLAG, .fallback = "yes",                              \
   .help = "acknowledge only what is stored"},                                                    \
  {.name = "user_timeout", .type = PARAM_TIME, .fallback = "never", .low = "1ms",                 \
   .high = "10y", .words = spec_never,                                                            \
   .help = "a connection ends when data were sent again for so long (TCP_USER_TIMEOUT)"},         \
  {.name = "tcp_keepalive", .type = PARAM_TIME, .fallback = "never", .low = "1ms",                \
   .high = "10y", .words = spec_never,                                                            \
   .help = "silence after which TCP probes the peer, nine times 75 s apart"},                     \
  {.name = "nagle", .type = PARAM_FLAG, .fallback = "no",                                         \
   .help = "whether small writes wait for the acknowledgement of earlier ones (RFC 896)"}
/* clang-format on */
