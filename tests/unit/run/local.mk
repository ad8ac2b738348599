# Unit tests of src/run.
if HAVE_CUNIT
check_PROGRAMS += tests/unit/test-run tests/unit/test-handover
TESTS += tests/unit/test-run tests/unit/test-handover
tests_unit_test_run_SOURCES = $(UNIT_COMMON) tests/unit/run/test_run.c
tests_unit_test_run_LDADD = $(RUN) $(TEST_LIBS)
tests_unit_test_handover_SOURCES = $(UNIT_COMMON) tests/unit/run/test_handover.c
tests_unit_test_handover_LDADD = $(RUN) $(TEST_LIBS)
endif
