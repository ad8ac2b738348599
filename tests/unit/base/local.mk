# Unit tests of src/base.
if HAVE_CUNIT
check_PROGRAMS += tests/unit/test-base tests/unit/test-utf8 tests/unit/test-transcode tests/unit/test-quick \
	tests/unit/test-ticker tests/unit/test-shown tests/unit/test-files tests/unit/test-json-writer \
	tests/unit/test-column tests/unit/test-nearest tests/unit/test-unix-socket
TESTS += tests/unit/test-base tests/unit/test-utf8 tests/unit/test-transcode tests/unit/test-quick \
	tests/unit/test-ticker tests/unit/test-shown tests/unit/test-files tests/unit/test-json-writer \
	tests/unit/test-column tests/unit/test-nearest tests/unit/test-unix-socket
tests_unit_test_base_SOURCES = $(UNIT_COMMON) tests/unit/base/test_base.c
tests_unit_test_base_LDADD = $(BASE) $(TEST_LIBS)
tests_unit_test_utf8_SOURCES = $(UNIT_COMMON) tests/unit/json_check.c tests/unit/json_check.h tests/unit/base/test_utf8.c
tests_unit_test_utf8_LDADD = $(BASE) $(TEST_LIBS)
tests_unit_test_transcode_SOURCES = $(UNIT_COMMON) tests/unit/base/test_transcode.c
tests_unit_test_transcode_LDADD = $(BASE) $(TEST_LIBS)
tests_unit_test_quick_SOURCES = $(UNIT_COMMON) tests/unit/base/test_quick.c
tests_unit_test_quick_LDADD = $(BASE) $(TEST_LIBS)
tests_unit_test_ticker_SOURCES = $(UNIT_COMMON) tests/unit/base/test_ticker.c
tests_unit_test_ticker_LDADD = $(BASE) $(TEST_LIBS)
tests_unit_test_shown_SOURCES = $(UNIT_COMMON) tests/unit/base/test_shown.c
tests_unit_test_shown_LDADD = $(BASE) $(TEST_LIBS)
tests_unit_test_files_SOURCES = $(UNIT_COMMON) tests/unit/base/test_files.c
tests_unit_test_files_LDADD = $(BASE) $(TEST_LIBS)
tests_unit_test_json_writer_SOURCES = $(UNIT_COMMON) tests/unit/json_check.c tests/unit/json_check.h \
	tests/unit/base/test_json_writer.c
tests_unit_test_column_SOURCES = $(UNIT_COMMON) tests/unit/json_check.c tests/unit/json_check.h \
	tests/unit/base/test_column.c
tests_unit_test_column_LDADD = $(BASE) $(TEST_LIBS)
tests_unit_test_json_writer_LDADD = $(BASE) $(TEST_LIBS)
tests_unit_test_unix_socket_SOURCES = $(UNIT_COMMON) tests/unit/base/test_unix_socket.c
tests_unit_test_unix_socket_LDADD = $(BASE) $(TEST_LIBS)
tests_unit_test_nearest_SOURCES = $(UNIT_COMMON) tests/unit/base/test_nearest.c
tests_unit_test_nearest_LDADD = $(BASE) $(TEST_LIBS)
endif
