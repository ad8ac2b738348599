# Unit tests of src/mysql.
if HAVE_CUNIT
SCRIPT = tests/support/script.c tests/support/script.h tests/support/tape.c tests/support/tape.h
check_PROGRAMS += tests/unit/test-mysql
TESTS += tests/unit/test-mysql
tests_unit_test_mysql_SOURCES = $(UNIT_COMMON) tests/unit/mysql/test_mysql.c tests/support/tape.c tests/support/tape.h
tests_unit_test_mysql_LDADD = $(UNIT_LIBS)
check_PROGRAMS += tests/unit/test-compress
TESTS += tests/unit/test-compress
tests_unit_test_compress_SOURCES = $(UNIT_COMMON) tests/unit/mysql/test_compress.c
tests_unit_test_compress_LDADD = $(UNIT_LIBS)
check_PROGRAMS += tests/unit/test-dissect
TESTS += tests/unit/test-dissect
tests_unit_test_dissect_SOURCES = $(UNIT_COMMON) $(SCRIPT) tests/unit/mysql/test_dissect.c
tests_unit_test_dissect_LDADD = $(UNIT_LIBS)
check_PROGRAMS += tests/unit/test-login
TESTS += tests/unit/test-login
tests_unit_test_login_SOURCES = $(UNIT_COMMON) $(SCRIPT) tests/unit/mysql/test_login.c
tests_unit_test_login_LDADD = $(UNIT_LIBS)
check_PROGRAMS += tests/unit/test-gate
TESTS += tests/unit/test-gate
tests_unit_test_gate_SOURCES = $(UNIT_COMMON) tests/unit/mysql/test_gate.c tests/unit/mysql/packets.h
tests_unit_test_gate_LDADD = $(UNIT_LIBS)
check_PROGRAMS += tests/unit/test-record tests/unit/test-value
TESTS += tests/unit/test-record tests/unit/test-value
tests_unit_test_record_SOURCES = $(UNIT_COMMON) tests/unit/mysql/test_record.c
tests_unit_test_record_LDADD = $(UNIT_LIBS)
tests_unit_test_value_SOURCES = $(UNIT_COMMON) tests/unit/json_check.c tests/unit/json_check.h \
	tests/unit/mysql/test_value.c
tests_unit_test_value_LDADD = $(UNIT_LIBS)
check_PROGRAMS += tests/unit/test-charset tests/unit/test-setnames tests/unit/test-execute tests/unit/test-rows tests/unit/test-track
TESTS += tests/unit/test-charset tests/unit/test-setnames tests/unit/test-execute tests/unit/test-rows tests/unit/test-track
tests_unit_test_charset_SOURCES = $(UNIT_COMMON) tests/unit/mysql/test_charset.c
tests_unit_test_charset_LDADD = $(UNIT_LIBS)
tests_unit_test_setnames_SOURCES = $(UNIT_COMMON) tests/unit/mysql/test_setnames.c
tests_unit_test_setnames_LDADD = $(UNIT_LIBS)
tests_unit_test_execute_SOURCES = $(UNIT_COMMON) $(SCRIPT) tests/unit/mysql/test_execute.c
tests_unit_test_execute_LDADD = $(UNIT_LIBS)
tests_unit_test_rows_SOURCES = $(UNIT_COMMON) $(SCRIPT) tests/unit/mysql/test_rows.c
tests_unit_test_rows_LDADD = $(UNIT_LIBS)
tests_unit_test_track_SOURCES = $(UNIT_COMMON) $(SCRIPT) tests/unit/mysql/test_track.c
tests_unit_test_track_LDADD = $(UNIT_LIBS)
check_PROGRAMS += tests/unit/test-faults
TESTS += tests/unit/test-faults
tests_unit_test_faults_SOURCES = $(UNIT_COMMON) $(SCRIPT) tests/unit/mysql/test_faults.c
tests_unit_test_faults_LDADD = $(UNIT_LIBS)
endif

check_PROGRAMS += tests/unit/test-secret
TESTS += tests/unit/test-secret
tests_unit_test_secret_SOURCES = $(UNIT_COMMON) tests/unit/mysql/test_secret.c
tests_unit_test_secret_LDADD = $(UNIT_LIBS)
check_PROGRAMS += tests/unit/test-sql
TESTS += tests/unit/test-sql
tests_unit_test_sql_SOURCES = $(UNIT_COMMON) tests/unit/mysql/test_sql.c tests/unit/mysql/digest_cases.inc
tests_unit_test_sql_LDADD = $(UNIT_LIBS)
