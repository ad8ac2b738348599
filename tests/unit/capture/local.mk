# Unit tests of src/capture.
if HAVE_CUNIT
check_PROGRAMS += tests/unit/test-capture tests/unit/test-pcapng
TESTS += tests/unit/test-capture tests/unit/test-pcapng
tests_unit_test_capture_SOURCES = $(UNIT_COMMON) tests/unit/capture/test_capture.c
tests_unit_test_capture_LDADD = $(CAPTURE) $(TEST_LIBS)
tests_unit_test_pcapng_SOURCES = $(UNIT_COMMON) tests/unit/capture/test_pcapng.c
tests_unit_test_pcapng_LDADD = $(CAPTURE) $(TEST_LIBS)
endif
