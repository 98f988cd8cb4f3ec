/* Brokers under test, on a free port of the loopback interface. */
#pragma once

#include "tests/peers/proc.h"

typedef struct Broker Broker;

typedef struct {
  const char *name;
  char *(*find)(void);                                /* its program; NULL where it is missing */
  Proc *(*start)(const char *program, guint16 *port); /* NULL and a message if that fails */
} BrokerKind;

extern const BrokerKind broker_qosim, broker_mosquitto;

Broker *broker_new(const BrokerKind *kind, const char *program);
/* Asks it to end by SIGTERM; FALSE unless it was alive until then and exits with 0. */
gboolean broker_end(Broker *broker);

const BrokerKind *broker_kind(const Broker *broker);
guint16 broker_port(const Broker *broker);
gboolean broker_runs(const Broker *broker);
