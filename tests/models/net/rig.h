/* A clock, a net and a log of every packet, for the tests of links. */
#pragma once

#include "models/net/net.h"

#define MS G_GINT64_CONSTANT(1000000)
#define S (1000 * MS)

typedef struct {
  gint64 sent_ns, ended_ns; /* ended_ns: delivered or lost */
  guint32 route, length;
  guint8 direction;
  guint8 delivered, lost; /* how often */
} Trip;

typedef struct {
  Sim *sim;
  Net *net;
  GArray *trips; /* Trip, by flow */
  GArray *order; /* guint32: flows in the order of delivery */
  gboolean echo; /* what arrives is sent back, as a new trip */
  guint kind;
} Rig;

Rig *rig_new(gint64 start_ns);
void rig_free(Rig *rig);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rig, rig_free)

/* A config that does nothing to a packet. */
LinkConfig rig_config(void);
/* A link of that config and a route over it alone. */
guint32 rig_route(Rig *rig, const LinkConfig *config, const char *name, guint64 seed);
/* Sends at at_ns; returns the flow. */
guint32 rig_send(Rig *rig, gint64 at_ns, guint32 route, NetDirection direction, guint length);
const Trip *rig_trip(const Rig *rig, guint32 flow);
void rig_run(Rig *rig);
