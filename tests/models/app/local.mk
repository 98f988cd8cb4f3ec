# Tests of models/app: each links only what its layer may know.
check_PROGRAMS += tests/models/app/test-ledger tests/models/app/test-workload
tests_models_app_test_ledger_SOURCES = tests/models/app/test-ledger.c
tests_models_app_test_ledger_LDADD = $(LIBS_APP)
tests_models_app_test_workload_SOURCES = tests/models/app/test-workload.c
tests_models_app_test_workload_LDADD = $(LIBS_APP)
TESTS += tests/models/app/test-ledger tests/models/app/test-workload
