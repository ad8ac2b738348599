noinst_LIBRARIES += src/libmcp.a
src_libmcp_a_SOURCES = \
	src/mcp/arguments.c \
	src/mcp/arguments.h \
	src/mcp/exchange.c \
	src/mcp/exchange.h \
	src/mcp/options.h \
	src/mcp/resources.c \
	src/mcp/resources.h \
	src/mcp/sheet.c \
	src/mcp/sheet.h \
	src/mcp/show.h \
	src/mcp/show_records.c \
	src/mcp/show_tables.c \
	src/mcp/tool.h \
	src/mcp/tools.c
nodist_src_libmcp_a_SOURCES = src/mcp/manual_pages.c
mcp_pages = doc/querytap.1 doc/querytap-filter.7 doc/querytap-record.5 doc/querytap-run.1
EXTRA_DIST += script/manual-text
CLEANFILES += src/mcp/manual_pages.c
src/mcp/manual_pages.c: $(mcp_pages) script/manual-text src/mcp/local.mk
	$(AM_V_GEN)$(MKDIR_P) src/mcp && $(SHELL) $(srcdir)/script/manual-text $(srcdir) $(mcp_pages) >$@.new && mv $@.new $@
