# Unit tests of src/capture.
if HAVE_CUNIT
check_PROGRAMS += tests/unit/test-capture tests/unit/test-pcapng
TESTS += tests/unit/test-capture tests/unit/test-pcapng
tests_unit_test_capture_SOURCES = $(UNIT_COMMON) tests/unit/capture/test_capture.c
tests_unit_test_capture_LDADD = $(CAPTURE) $(TEST_LIBS)
tests_unit_test_pcapng_SOURCES = $(UNIT_COMMON) tests/unit/capture/test_pcapng.c
tests_unit_test_pcapng_LDADD = $(CAPTURE) $(TEST_LIBS)
endif
if HAVE_CUNIT
check_PROGRAMS += tests/unit/test-capture-read
TESTS += tests/unit/test-capture-read
tests_unit_test_capture_read_SOURCES = $(UNIT_COMMON) tests/unit/capture/test_capture_read.c \
	tests/support/packets.c tests/support/packets.h
tests_unit_test_capture_read_LDADD = $(CAPTURE_READ) $(TEST_LIBS)
endif
