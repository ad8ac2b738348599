# Fuzz targets. With --enable-fuzzing (clang) each is a libFuzzer program; always, replay-* runs the kept corpus.
FUZZ_COMMON = tests/fuzz/fuzz.c tests/fuzz/fuzz.h tests/support/tape.c tests/support/tape.h
FUZZ_LIBS = $(ROOMS) $(ROOM_LIBS)
AM_CPPFLAGS += -I$(top_srcdir)/tests/support -I$(top_srcdir)/tests/fuzz

check_PROGRAMS += tests/fuzz/replay-session tests/fuzz/replay-client tests/fuzz/replay-server
TESTS += tests/fuzz/replay-session tests/fuzz/replay-client tests/fuzz/replay-server
tests_fuzz_replay_session_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_session.c $(FUZZ_COMMON)
tests_fuzz_replay_session_LDADD = $(FUZZ_LIBS)
tests_fuzz_replay_client_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_client.c $(FUZZ_COMMON)
tests_fuzz_replay_client_LDADD = $(FUZZ_LIBS)
tests_fuzz_replay_server_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_server.c $(FUZZ_COMMON)
tests_fuzz_replay_server_LDADD = $(FUZZ_LIBS)

check_PROGRAMS += tests/fuzz/replay-gate tests/fuzz/replay-compress
TESTS += tests/fuzz/replay-gate tests/fuzz/replay-compress
tests_fuzz_replay_gate_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_gate.c $(FUZZ_COMMON)
tests_fuzz_replay_gate_LDADD = $(FUZZ_LIBS)
tests_fuzz_replay_compress_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_compress.c $(FUZZ_COMMON)
tests_fuzz_replay_compress_LDADD = $(FUZZ_LIBS)

check_PROGRAMS += tests/fuzz/replay-header
TESTS += tests/fuzz/replay-header
tests_fuzz_replay_header_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_header.c $(FUZZ_COMMON)
tests_fuzz_replay_header_LDADD = $(FUZZ_LIBS)

check_PROGRAMS += tests/fuzz/replay-mcp
TESTS += tests/fuzz/replay-mcp
tests_fuzz_replay_mcp_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_mcp.c $(FUZZ_COMMON)
tests_fuzz_replay_mcp_LDADD = $(FUZZ_LIBS)

check_PROGRAMS += tests/fuzz/replay-dump
TESTS += tests/fuzz/replay-dump
tests_fuzz_replay_dump_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_dump.c $(FUZZ_COMMON)
tests_fuzz_replay_dump_LDADD = $(FUZZ_LIBS)

check_PROGRAMS += tests/fuzz/replay-profile
TESTS += tests/fuzz/replay-profile
tests_fuzz_replay_profile_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_profile.c $(FUZZ_COMMON)
tests_fuzz_replay_profile_LDADD = $(FUZZ_LIBS)

check_PROGRAMS += tests/fuzz/replay-sql
TESTS += tests/fuzz/replay-sql
tests_fuzz_replay_sql_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_sql.c $(FUZZ_COMMON)
tests_fuzz_replay_sql_LDADD = $(FUZZ_LIBS)

check_PROGRAMS += tests/fuzz/replay-filter
TESTS += tests/fuzz/replay-filter
tests_fuzz_replay_filter_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_filter.c $(FUZZ_COMMON)
tests_fuzz_replay_filter_LDADD = $(FUZZ_LIBS)

check_PROGRAMS += tests/fuzz/replay-capture
TESTS += tests/fuzz/replay-capture
tests_fuzz_replay_capture_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_capture.c $(FUZZ_COMMON)
tests_fuzz_replay_capture_LDADD = $(FUZZ_LIBS)

check_PROGRAMS += tests/fuzz/replay-annotate
TESTS += tests/fuzz/replay-annotate
tests_fuzz_replay_annotate_SOURCES = tests/fuzz/replay.c tests/fuzz/fuzz_annotate.c $(FUZZ_COMMON)
tests_fuzz_replay_annotate_LDADD = $(FUZZ_LIBS)

if FUZZING
noinst_PROGRAMS += tests/fuzz/fuzz-capture
tests_fuzz_fuzz_capture_SOURCES = tests/fuzz/fuzz_capture.c $(FUZZ_COMMON)
tests_fuzz_fuzz_capture_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_capture_LDADD = $(FUZZ_LIBS)
noinst_PROGRAMS += tests/fuzz/fuzz-annotate
tests_fuzz_fuzz_annotate_SOURCES = tests/fuzz/fuzz_annotate.c $(FUZZ_COMMON)
tests_fuzz_fuzz_annotate_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_annotate_LDADD = $(FUZZ_LIBS)
noinst_PROGRAMS += tests/fuzz/fuzz-mcp
tests_fuzz_fuzz_mcp_SOURCES = tests/fuzz/fuzz_mcp.c $(FUZZ_COMMON)
tests_fuzz_fuzz_mcp_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_mcp_LDADD = $(FUZZ_LIBS)
noinst_PROGRAMS += tests/fuzz/fuzz-filter
tests_fuzz_fuzz_filter_SOURCES = tests/fuzz/fuzz_filter.c $(FUZZ_COMMON)
tests_fuzz_fuzz_filter_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_filter_LDADD = $(FUZZ_LIBS)
noinst_PROGRAMS += tests/fuzz/fuzz-header
tests_fuzz_fuzz_header_SOURCES = tests/fuzz/fuzz_header.c $(FUZZ_COMMON)
tests_fuzz_fuzz_header_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_header_LDADD = $(FUZZ_LIBS)
noinst_PROGRAMS += tests/fuzz/fuzz-sql
tests_fuzz_fuzz_sql_SOURCES = tests/fuzz/fuzz_sql.c $(FUZZ_COMMON)
tests_fuzz_fuzz_sql_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_sql_LDADD = $(FUZZ_LIBS)
noinst_PROGRAMS += tests/fuzz/fuzz-session tests/fuzz/fuzz-client tests/fuzz/fuzz-server
noinst_PROGRAMS += tests/fuzz/fuzz-gate tests/fuzz/fuzz-compress
noinst_PROGRAMS += tests/fuzz/fuzz-dump tests/fuzz/fuzz-profile
tests_fuzz_fuzz_profile_SOURCES = tests/fuzz/fuzz_profile.c $(FUZZ_COMMON)
tests_fuzz_fuzz_profile_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_profile_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_dump_SOURCES = tests/fuzz/fuzz_dump.c $(FUZZ_COMMON)
tests_fuzz_fuzz_dump_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_dump_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_gate_SOURCES = tests/fuzz/fuzz_gate.c $(FUZZ_COMMON)
tests_fuzz_fuzz_gate_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_gate_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_compress_SOURCES = tests/fuzz/fuzz_compress.c $(FUZZ_COMMON)
tests_fuzz_fuzz_compress_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_compress_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_session_SOURCES = tests/fuzz/fuzz_session.c $(FUZZ_COMMON)
tests_fuzz_fuzz_session_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_session_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_client_SOURCES = tests/fuzz/fuzz_client.c $(FUZZ_COMMON)
tests_fuzz_fuzz_client_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_client_LDADD = $(FUZZ_LIBS)
tests_fuzz_fuzz_server_SOURCES = tests/fuzz/fuzz_server.c $(FUZZ_COMMON)
tests_fuzz_fuzz_server_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_server_LDADD = $(FUZZ_LIBS)
endif

EXTRA_DIST += tests/fuzz/corpus
