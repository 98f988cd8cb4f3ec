/* A small model for the tests of the study: kinds of sections like the real ones, two profiles, an
 * rtt. */
#pragma once

#include "sim/study/experiment.h"

extern const ExperimentModel test_model;

/* Loads a text named my.ini; NULL and *messages (to free): one line for each problem. */
Experiment *test_load(const char *text, const char *const *overrides, char **messages);
/* The text without the section or key that a test is about: title, broker, clients, streams. */
extern const char test_base[];
