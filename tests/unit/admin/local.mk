# Unit tests of src/admin.
if HAVE_CUNIT
check_PROGRAMS += tests/unit/test-admin
TESTS += tests/unit/test-admin
tests_unit_test_admin_SOURCES = $(UNIT_COMMON) tests/unit/admin/test_admin.c
tests_unit_test_admin_LDADD = $(UNIT_LIBS)
endif
