#include "models/mqtt/quirks.h"

#include <stddef.h>

const char *const mqtt_quirk_names[] = {
    "none",
    "keep-alive-cap",
    "receive-maximum-replaces",
    "overrun-refused",
    "third-duplicate-closes",
    "reused-id-is-new",
    "expires-in-flight",
    "clean-start-unsaved",
    "wills-unsaved",
    "no-match-unsaid",
    "unknown-id-unsaid",
    "silent-close",
    "no-aliases-sent",
    "offline-shares",
    "retained-to-shares",
    "first-match",
    "queue-holds-inflight",
    "take-over-drops-will",
    "whole-seconds",
    NULL,
};
