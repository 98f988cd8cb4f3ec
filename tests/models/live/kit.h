/* A server in a thread of its own, and plain sockets to it. */
#pragma once

#include "models/live/server.h"

#define KIT_PATIENCE_MS 20000 /* after which a test fails instead of hanging */

typedef struct {
  MqttBrokerConfig broker;
  LiveServerConfig config;
  LiveServer *server;
  GThread *thread;
} Kit;

void kit_init(Kit *kit); /* the default configuration, which may be changed then */
void kit_start(Kit *kit);
void kit_stop(Kit *kit);

int kit_dial(guint16 port); /* of the loopback interface */
int kit_connect(const Kit *kit);
void kit_send(int fd, gconstpointer data, gsize n);
/* What comes within so long; the array grows. FALSE: the other side has closed. */
gboolean kit_receive(int fd, int wait_ms, GByteArray *into);
/* Exactly these bytes come. */
void kit_expect(int fd, const guint8 *data, gsize n);
void kit_expect_closed(int fd); /* whatever comes before */
/* CONNECT of 5.0 with clean start and without keep alive, and its CONNACK. */
int kit_client(const Kit *kit, const char *id);
