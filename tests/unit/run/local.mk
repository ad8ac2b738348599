# Unit tests of src/run.
if HAVE_CUNIT
check_PROGRAMS += tests/unit/test-run tests/unit/test-handover
TESTS += tests/unit/test-run tests/unit/test-handover
tests_unit_test_run_SOURCES = $(UNIT_COMMON) tests/unit/run/suite.c tests/unit/run/suite.h tests/unit/run/test_run.c
tests_unit_test_run_LDADD = $(RUN) $(TEST_LIBS)
tests_unit_test_handover_SOURCES = $(UNIT_COMMON) tests/unit/run/test_handover.c
tests_unit_test_handover_LDADD = $(RUN) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-contract tests/unit/test-run-config
TESTS += tests/unit/test-contract tests/unit/test-run-config
tests_unit_test_contract_SOURCES = $(UNIT_COMMON) tests/unit/run/suite.c tests/unit/run/suite.h tests/unit/run/test_contract.c
tests_unit_test_contract_LDADD = $(RUN) $(TEST_LIBS)
tests_unit_test_run_config_SOURCES = $(UNIT_COMMON) tests/unit/run/test_run_config.c
tests_unit_test_run_config_LDADD = $(RUN) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-run-report
TESTS += tests/unit/test-run-report
tests_unit_test_run_report_SOURCES = $(UNIT_COMMON) tests/unit/json_check.c tests/unit/json_check.h tests/unit/run/suite.c \
	tests/unit/run/suite.h tests/unit/run/test_report.c
tests_unit_test_run_report_LDADD = $(RUN) $(TEST_LIBS)
endif
