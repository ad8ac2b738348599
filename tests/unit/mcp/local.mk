# Unit tests of src/mcp.
if HAVE_CUNIT
check_PROGRAMS += tests/unit/test-mcp
TESTS += tests/unit/test-mcp
tests_unit_test_mcp_SOURCES = $(UNIT_COMMON) tests/unit/mcp/test_mcp.c
tests_unit_test_mcp_LDADD = $(MCP) $(TEST_LIBS)
endif
