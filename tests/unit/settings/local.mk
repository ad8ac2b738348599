# Unit tests of src/settings.
if HAVE_CUNIT
check_PROGRAMS += tests/unit/test-settings tests/unit/test-listeners
TESTS += tests/unit/test-settings tests/unit/test-listeners
SETTINGS_LOADING = tests/unit/settings/loading.c tests/unit/settings/loading.h
tests_unit_test_settings_SOURCES = $(UNIT_COMMON) $(SETTINGS_LOADING) tests/unit/settings/test_settings.c
tests_unit_test_settings_LDADD = $(SETTINGS) $(TEST_LIBS)
tests_unit_test_listeners_SOURCES = $(UNIT_COMMON) $(SETTINGS_LOADING) tests/unit/settings/test_listeners.c
tests_unit_test_listeners_LDADD = $(SETTINGS) $(TEST_LIBS)
endif
