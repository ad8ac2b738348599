noinst_LIBRARIES += src/libcli.a
src_libcli_a_SOURCES = \
	src/cli/cli.c \
	src/cli/cli.h \
	src/cli/client.c \
	src/cli/client.h \
	src/cli/commands.h \
	src/cli/config.c \
	src/cli/config_check.c \
	src/cli/config_check.h \
	src/cli/descriptors.c \
	src/cli/descriptors.h \
	src/cli/digest.c \
	src/cli/exit.h \
	src/cli/explain.c \
	src/cli/fetch.c \
	src/cli/fetch.h \
	src/cli/flags.c \
	src/cli/flags.h \
	src/cli/grouper.c \
	src/cli/grouper.h \
	src/cli/heap.c \
	src/cli/proxy_command.c \
	src/cli/reload.c \
	src/cli/reload.h \
	src/cli/show.c \
	src/cli/stop_watch.c \
	src/cli/stop_watch.h \
	src/cli/tail_group.c \
	src/cli/tail_group.h \
	src/cli/terminal.c \
	src/cli/terminal.h \
	src/cli/top.c \
	src/cli/top_view.c \
	src/cli/top_view.h \
	src/cli/watch.c
