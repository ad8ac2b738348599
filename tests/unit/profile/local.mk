# Unit tests of src/profile.
if HAVE_CUNIT
check_PROGRAMS += tests/unit/test-profile
TESTS += tests/unit/test-profile
tests_unit_test_profile_SOURCES = $(UNIT_COMMON) tests/unit/profile/test_profile.c
tests_unit_test_profile_LDADD = $(UNIT_LIBS)
endif
