/* Brokers under test, on a free port of the loopback interface. */
#pragma once

#include "tests/peers/proc.h"

typedef struct Broker Broker;

typedef struct {
  const char *name;
  char *(*find)(void); /* its program; NULL where it is missing */
  /* port: 0: any that is free. NULL and a message if that fails */
  Proc *(*start)(const char *program, const char *const *options, guint16 *port);
} BrokerKind;

extern const BrokerKind broker_qosim, broker_mosquitto;

/* options: arguments of qosim broker, lines of mosquitto.conf; NULL: what the scenes need. */
Broker *broker_new(const BrokerKind *kind, const char *program, const char *const *options);
/* Another of qosim's, whose state is in a file. */
Broker *broker_new_stored(const Broker *like);
/* Ends it by SIGKILL and starts it again, on its port and with its file. */
gboolean broker_kill(Broker *broker);
/* Asks it to end by SIGTERM; FALSE unless it was alive until then and exits with 0. */
gboolean broker_end(Broker *broker);

const BrokerKind *broker_kind(const Broker *broker);
guint16 broker_port(const Broker *broker);
gboolean broker_runs(const Broker *broker);
