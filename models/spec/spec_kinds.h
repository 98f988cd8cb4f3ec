/* The tables, one per kind, and what converters and checks share. Private to models/spec. */
#pragma once

#include "models/net/net.h"
#include "sim/record/scenario.h"

extern const KindSpec spec_kind_link;
extern const KindSpec spec_kind_tcp;
extern const KindSpec spec_kind_broker;
extern const KindSpec spec_kind_client;
extern const KindSpec spec_kind_publish;
extern const KindSpec spec_kind_subscribe;
extern const KindSpec spec_kind_fault;

/* FALSE: no Gilbert-Elliott process has these parameters. */
gboolean spec_loss(const Value *value, LossConfig *config);
