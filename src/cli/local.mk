noinst_LIBRARIES += src/libcli.a
src_libcli_a_SOURCES = \
	src/cli/none.c
