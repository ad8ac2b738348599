noinst_LIBRARIES += src/libjournal_sink.a
src_libjournal_sink_a_SOURCES = \
	src/journal/sink/compress_file.c \
	src/journal/sink/compress_file.h \
	src/journal/sink/datagram.c \
	src/journal/sink/datagram.h \
	src/journal/sink/destination.c \
	src/journal/sink/destination.h \
	src/journal/sink/hook.c \
	src/journal/sink/hook.h \
	src/journal/sink/logfile.c \
	src/journal/sink/logfile.h \
	src/journal/sink/old_files.c \
	src/journal/sink/old_files.h \
	src/journal/sink/output_queue.c \
	src/journal/sink/output_queue.h \
	src/journal/sink/retention.c \
	src/journal/sink/retention.h \
	src/journal/sink/rotate.c \
	src/journal/sink/rotate.h \
	src/journal/sink/sink.c \
	src/journal/sink/sink.h \
	src/journal/sink/sink_check.c \
	src/journal/sink/sink_check.h \
	src/journal/sink/sink_counters.h \
	src/journal/sink/sink_file.c \
	src/journal/sink/sink_journald.c \
	src/journal/sink/sink_kinds.c \
	src/journal/sink/sink_kinds.h \
	src/journal/sink/sink_ops.h \
	src/journal/sink/sink_stdout.c \
	src/journal/sink/sink_syslog.c \
	src/journal/sink/sinks.c \
	src/journal/sink/sinks.h
