# Unit tests of src/observe.
if HAVE_CUNIT
check_PROGRAMS += tests/unit/test-observe
TESTS += tests/unit/test-observe
tests_unit_test_observe_SOURCES = $(UNIT_COMMON) $(SCRIPT) tests/unit/observe/test_observe.c \
	tests/support/packets.c tests/support/packets.h
tests_unit_test_observe_LDADD = $(OBSERVE) $(TEST_LIBS)
endif
