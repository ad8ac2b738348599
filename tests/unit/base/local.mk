# Unit tests of src/base.
if HAVE_CUNIT
check_PROGRAMS += tests/unit/test-base
TESTS += tests/unit/test-base
tests_unit_test_base_SOURCES = $(UNIT_COMMON) tests/unit/base/test_base.c
tests_unit_test_base_LDADD = $(UNIT_LIBS)
endif
