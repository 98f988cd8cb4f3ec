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

const char *const mqtt_client_quirk_names[] = {
    "none",
    "receive-maximum-replaces",
    "ignores-connack",
    "queue-passes-window",
    "pubrel-widens-window",
    "dup-at-reconnect",
    "refusal-is-success",
    "drops-unknown-pubrec",
    "unknown-id-unsaid",
    "error-is-final",
    "keeps-each-copy",
    "last-copy-counts",
    "closes-silently",
    "begins-again",
    "dozes",
    "hasty-qos0",
    "ahead-of-connect",
    NULL,
};
