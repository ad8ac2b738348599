# Unit tests of src/mysql.
if HAVE_CUNIT
check_PROGRAMS += tests/unit/test-mysql
TESTS += tests/unit/test-mysql
tests_unit_test_mysql_SOURCES = $(UNIT_COMMON) tests/unit/mysql/test_mysql.c tests/support/tape.c tests/support/tape.h
tests_unit_test_mysql_LDADD = $(UNIT_LIBS)
endif
