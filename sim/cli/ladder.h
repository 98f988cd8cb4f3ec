/* The story of one message as a ladder: publisher, broker and subscribers side by side, time
 * downwards, an arrow for each segment that carried a part of the exchange. */
#pragma once

#include "sim/record/outcome.h"

/* Lines of at most 100 columns; to free. message: a row of the message in question. */
char *ladder_draw(const Outcome *outcome, const OutcomeMessage *message);
