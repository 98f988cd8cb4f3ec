/* The other end of a machine's connection: it reads what the machine writes, so that it knows what
 * it has to answer. */
#pragma once

#include "tests/fuzz/packets.h"

typedef struct {
  MqttSender machine; /* whose bytes are read */
  MqttVersion version;
  GByteArray *rest; /* a packet that is not whole yet */
  GArray *owed;     /* of FuzzOwed, oldest first */
  guint publishes;  /* whole PUBLISH packets that have been read */
  gboolean connack; /* one that accepts was read */
} FuzzPeer;

typedef struct {
  guint8 type; /* of the answer */
  guint8 filters;
  guint16 id;
} FuzzOwed;

void fuzz_peer_init(FuzzPeer *peer, MqttSender machine);
void fuzz_peer_clear(FuzzPeer *peer);
/* A new connection. */
void fuzz_peer_reset(FuzzPeer *peer, MqttVersion version);
/* The bytes must be packets, each legal by itself. */
void fuzz_peer_read(FuzzPeer *peer, const guint8 *bytes, gsize n);
/* Writes the answer at place `which` and forgets that it is owed; 0: nothing is. */
gsize fuzz_peer_answer(FuzzPeer *peer, guint which, guint8 dst[FUZZ_PACKET_MAX]);
