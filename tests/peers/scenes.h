/* The scenes that every library plays. */
#pragma once

#include "tests/peers/stage.h"

typedef enum {
  SCENE_FIVE = 1,  /* about something that 3.1.1 has not */
  SCENE_QOSIM = 2, /* takes long enough to play it on one broker alone, or asks much of it */
} SceneFlags;

typedef struct {
  const char *name;
  void (*play)(Stage *stage);
  SceneFlags flags;
} Scene;

extern const Scene scenes[];
extern const guint n_scenes;

/* Client 0 publishes to client 1; in the middle a packet on one of their connections is lost, and
 * the connection with it. */
typedef struct {
  const char *name;
  guint who; /* whose connection */
  guint qos;
  RelayWay way;
  guint type;
} Cut;

void cut_play(Stage *stage, const Cut *cut);
/* A broker of its own is killed while client 0 publishes to client 1. */
void kill_play(Stage *stage);
extern const Cut cuts[];
extern const guint n_cuts;
