noinst_LIBRARIES += src/libadmin.a
src_libadmin_a_SOURCES = \
	src/admin/none.c
