# Tests of models/net: each links only what its layer may know.
check_PROGRAMS += \
	tests/models/net/test-delay \
	tests/models/net/test-link \
	tests/models/net/test-loss \
	tests/models/net/test-nat \
	tests/models/net/test-outage \
	tests/models/net/test-queueing
net_rig = tests/models/net/rig.c tests/models/net/rig.h
tests_models_net_test_delay_SOURCES = tests/models/net/test-delay.c $(net_rig) $(THEORY)
tests_models_net_test_delay_LDADD = $(LIBS_NET)
tests_models_net_test_link_SOURCES = tests/models/net/test-link.c $(net_rig)
tests_models_net_test_link_LDADD = $(LIBS_NET)
tests_models_net_test_loss_SOURCES = tests/models/net/test-loss.c $(net_rig) $(THEORY)
tests_models_net_test_loss_LDADD = $(LIBS_NET)
tests_models_net_test_nat_SOURCES = tests/models/net/test-nat.c $(net_rig) $(THEORY)
tests_models_net_test_nat_LDADD = $(LIBS_NET)
tests_models_net_test_outage_SOURCES = tests/models/net/test-outage.c $(net_rig) $(THEORY)
tests_models_net_test_outage_LDADD = $(LIBS_NET)
tests_models_net_test_queueing_SOURCES = tests/models/net/test-queueing.c $(net_rig) $(THEORY)
tests_models_net_test_queueing_LDADD = $(LIBS_NET)
TESTS += \
	tests/models/net/test-delay \
	tests/models/net/test-link \
	tests/models/net/test-loss \
	tests/models/net/test-nat \
	tests/models/net/test-outage \
	tests/models/net/test-queueing
