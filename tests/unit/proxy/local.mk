# Unit tests of src/proxy.
if HAVE_CUNIT
check_PROGRAMS += tests/unit/test-proxy-parts
TESTS += tests/unit/test-proxy-parts
tests_unit_test_proxy_parts_SOURCES = $(UNIT_COMMON) tests/unit/proxy/test_parts.c tests/unit/proxy/house.c tests/unit/proxy/house.h
tests_unit_test_proxy_parts_LDADD = $(ROOMS) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-proxy-protocol
TESTS += tests/unit/test-proxy-protocol
tests_unit_test_proxy_protocol_SOURCES = $(UNIT_COMMON) tests/unit/proxy/net/test_proxy_protocol.c
tests_unit_test_proxy_protocol_LDADD = $(PROXY_NET) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-session-header
TESTS += tests/unit/test-session-header
tests_unit_test_session_header_SOURCES = $(UNIT_COMMON) tests/unit/proxy/test_session_header.c tests/unit/proxy/house.c tests/unit/proxy/house.h
tests_unit_test_session_header_LDADD = $(ROOMS) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-quota
TESTS += tests/unit/test-quota
tests_unit_test_quota_SOURCES = $(UNIT_COMMON) tests/unit/proxy/test_quota.c
tests_unit_test_quota_LDADD = $(ROOMS) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-session-open
TESTS += tests/unit/test-session-open
tests_unit_test_session_open_SOURCES = $(UNIT_COMMON) tests/unit/proxy/test_session_open.c tests/unit/proxy/house.c tests/unit/proxy/house.h
tests_unit_test_session_open_LDADD = $(ROOMS) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-inherited
TESTS += tests/unit/test-inherited
tests_unit_test_inherited_SOURCES = $(UNIT_COMMON) tests/unit/proxy/net/test_inherited.c
tests_unit_test_inherited_LDADD = $(PROXY_NET) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-tls
TESTS += tests/unit/test-tls
tests_unit_test_tls_SOURCES = $(UNIT_COMMON) tests/unit/proxy/net/test_tls.c
tests_unit_test_tls_LDADD = $(PROXY_NET) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-tls-names
TESTS += tests/unit/test-tls-names
tests_unit_test_tls_names_SOURCES = $(UNIT_COMMON) tests/unit/proxy/net/test_tls_names.c
tests_unit_test_tls_names_LDADD = $(PROXY_NET) $(TEST_LIBS)
endif
