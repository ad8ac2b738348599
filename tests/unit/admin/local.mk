# Unit tests of src/admin.
if HAVE_CUNIT
check_PROGRAMS += tests/unit/test-admin tests/unit/test-admin-heap tests/unit/test-admin-lists tests/unit/test-admin-pages tests/unit/test-admin-params tests/unit/test-admin-stream
TESTS += tests/unit/test-admin tests/unit/test-admin-heap tests/unit/test-admin-lists tests/unit/test-admin-pages tests/unit/test-admin-params tests/unit/test-admin-stream
ADMIN_PORT = tests/unit/admin/port.c tests/unit/admin/port.h
tests_unit_test_admin_SOURCES = $(UNIT_COMMON) $(ADMIN_PORT) tests/unit/admin/test_admin.c
tests_unit_test_admin_LDADD = $(ROOMS) $(TEST_LIBS)
tests_unit_test_admin_heap_SOURCES = $(UNIT_COMMON) $(ADMIN_PORT) tests/unit/admin/test_heap.c
tests_unit_test_admin_heap_LDADD = $(ROOMS) $(TEST_LIBS)
tests_unit_test_admin_lists_SOURCES = $(UNIT_COMMON) $(ADMIN_PORT) tests/unit/admin/test_lists.c
tests_unit_test_admin_lists_LDADD = $(ROOMS) $(TEST_LIBS)
tests_unit_test_admin_pages_SOURCES = $(UNIT_COMMON) $(ADMIN_PORT) tests/unit/admin/test_pages.c
tests_unit_test_admin_pages_LDADD = $(ROOMS) $(TEST_LIBS)
tests_unit_test_admin_params_SOURCES = $(UNIT_COMMON) $(ADMIN_PORT) tests/unit/admin/test_params.c
tests_unit_test_admin_params_LDADD = $(ROOMS) $(TEST_LIBS)
tests_unit_test_admin_stream_SOURCES = $(UNIT_COMMON) $(ADMIN_PORT) tests/unit/admin/test_stream.c
tests_unit_test_admin_stream_LDADD = $(ROOMS) $(TEST_LIBS)
endif
