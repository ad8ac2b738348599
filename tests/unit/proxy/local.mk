# Unit tests of src/proxy.
if HAVE_CUNIT
check_PROGRAMS += tests/unit/test-proxy-parts
TESTS += tests/unit/test-proxy-parts
tests_unit_test_proxy_parts_SOURCES = $(UNIT_COMMON) tests/unit/proxy/test_parts.c tests/unit/proxy/house.c tests/unit/proxy/house.h
tests_unit_test_proxy_parts_LDADD = $(UNIT_LIBS)
endif
