# Unit tests of src/tap.
# A program that feeds a recorded session to a tap and prints records: it is linked without libevent.
check_PROGRAMS += tests/unit/tap_json
tests_unit_tap_json_SOURCES = tests/unit/tap/tap_json.c
tests_unit_tap_json_LDADD = src/libtap.a src/libjournal_enrich.a src/libjournal_format.a src/libsettings.a src/libcapture.a \
	$(MYSQL_DISSECT) src/libmysql_gate.a $(MYSQL_SQL) $(LIBCONFIG_LIBS) $(OPENSSL_LIBS) $(LIBDW_LIBS) $(COMPRESS_LIBS) $(XXHASH_LIBS) -lm
if HAVE_CUNIT
check_PROGRAMS += tests/unit/test-tap
TESTS += tests/unit/test-tap
tests_unit_test_tap_SOURCES = $(UNIT_COMMON) $(SCRIPT) tests/unit/tap/test_tap.c
tests_unit_test_tap_LDADD = $(TAP) $(JOURNAL_FORMAT) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-fields
TESTS += tests/unit/test-fields
tests_unit_test_fields_SOURCES = $(UNIT_COMMON) $(SCRIPT) tests/unit/tap/test_fields.c
tests_unit_test_fields_LDADD = $(TAP) $(JOURNAL_FORMAT) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-carry
TESTS += tests/unit/test-carry
tests_unit_test_carry_SOURCES = $(UNIT_COMMON) tests/unit/tap/test_carry.c \
	tests/support/script.c tests/support/script.h tests/support/tape.c tests/support/tape.h
tests_unit_test_carry_LDADD = src/libtap.a src/libmysql_dissect.a src/libmysql_gate.a $(JOURNAL_FORMAT) $(TEST_LIBS)
endif
