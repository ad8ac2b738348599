# Unit tests of src/settings.
if HAVE_CUNIT
check_PROGRAMS += tests/unit/test-settings
TESTS += tests/unit/test-settings
tests_unit_test_settings_SOURCES = $(UNIT_COMMON) tests/unit/settings/test_settings.c
tests_unit_test_settings_LDADD = $(SETTINGS) $(TEST_LIBS)
endif
