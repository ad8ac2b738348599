# Unit tests of src/cli, and of what is written about it: the manual and the settings file.
if HAVE_CUNIT
check_PROGRAMS += tests/unit/test-response
TESTS += tests/unit/test-response
tests_unit_test_response_SOURCES = $(UNIT_COMMON) tests/unit/cli/test_response.c
tests_unit_test_response_LDADD = $(ROOMS) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-grouper
TESTS += tests/unit/test-grouper
tests_unit_test_grouper_SOURCES = $(UNIT_COMMON) tests/unit/cli/test_grouper.c
tests_unit_test_grouper_LDADD = $(ROOMS) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-cli tests/unit/test-manual
TESTS += tests/unit/test-cli tests/unit/test-manual
tests_unit_test_cli_SOURCES = $(UNIT_COMMON) tests/unit/cli/test_cli.c
tests_unit_test_cli_LDADD = $(ROOMS) $(TEST_LIBS)
tests_unit_test_manual_SOURCES = $(UNIT_COMMON) tests/unit/json_check.c tests/unit/json_check.h \
	tests/unit/cli/test_manual.c
tests_unit_test_manual_LDADD = $(ROOMS) $(TEST_LIBS)
endif
TESTS += tests/unit/cli/manual.sh
dist_check_SCRIPTS += tests/unit/cli/manual.sh
