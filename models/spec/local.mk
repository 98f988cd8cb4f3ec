noinst_LIBRARIES += libqosim-spec.a
libqosim_spec_a_SOURCES = \
	models/spec/spec_broker.c \
	models/spec/spec_check.c models/spec/spec_check.h \
	models/spec/spec_check_client.c \
	models/spec/spec_check_link.c \
	models/spec/spec_check_quirks.c \
	models/spec/spec_check_store.c \
	models/spec/spec_check_topic.c \
	models/spec/spec_client.c \
	models/spec/spec_endpoint.c models/spec/spec_endpoint.h \
	models/spec/spec_fault.c \
	models/spec/spec_kinds.h \
	models/spec/spec_link.c \
	models/spec/spec_model.c models/spec/spec_model.h \
	models/spec/spec_publish.c \
	models/spec/spec_quirks.c models/spec/spec_quirks.h \
	models/spec/spec_subscribe.c \
	models/spec/spec_tcp.c \
	models/spec/spec_words.c models/spec/spec_words.h
