# Unit tests: a CUnit program a room, mirroring src/; each prints TAP. Without CUnit they are left out (configure says so).
UNIT_COMMON = tests/unit/tap.c tests/unit/tap.h
TEST_LIBS = $(ROOM_LIBS) $(CUNIT_LIBS)
AM_CPPFLAGS += -I$(top_srcdir)/tests/unit

include tests/unit/base/local.mk
include tests/unit/profile/local.mk
include tests/unit/settings/local.mk
include tests/unit/mysql/local.mk
include tests/unit/capture/local.mk
include tests/unit/journal/local.mk
include tests/unit/tap/local.mk
include tests/unit/observe/local.mk
include tests/unit/proxy/local.mk
include tests/unit/admin/local.mk
include tests/unit/mcp/local.mk
include tests/unit/run/local.mk
include tests/unit/cli/local.mk
include tests/fuzz/local.mk

# Nobody includes up the house.
TESTS += tests/rooms.sh
# What comments and HACKING.md mention is there, and what is there is used.
TESTS += tests/maps.sh
# What `make install` does to settings that were edited.
TESTS += tests/install.sh
dist_check_SCRIPTS += tests/install.sh
# The completion of bash has all commands and settings.
TESTS += tests/completion.sh
dist_check_SCRIPTS += tests/completion.sh
dist_check_SCRIPTS += tests/rooms.sh tests/maps.sh tests/environment
# The program has what configure says that it is hardened with.
TESTS += tests/hardening.sh
dist_check_SCRIPTS += tests/hardening.sh
EXTRA_DIST += tests/package tests/recipes tests/integration tests/page tests/bench tests/data tests/linear/run tests/linear/cases.tsv

# Benchmarks that are programs, and helpers of tests/bench/run: `make tests/bench/alloc`.
EXTRA_PROGRAMS = tests/bench/alloc tests/bench/pass_epoll tests/bench/pass_events tests/bench/pass_pair \
	tests/bench/client tests/bench/server tests/bench/micro tests/linear/linear
BENCH_PASS = tests/bench/pass.c tests/bench/pass.h
tests_bench_alloc_SOURCES = tests/bench/alloc.c
tests_bench_alloc_LDADD = $(ROOMS) $(ROOM_LIBS)
tests_bench_pass_epoll_SOURCES = tests/bench/pass_epoll.c $(BENCH_PASS)
tests_bench_pass_events_SOURCES = tests/bench/pass_events.c $(BENCH_PASS)
tests_bench_pass_events_LDADD = $(LIBEVENT_LIBS)
tests_bench_pass_pair_SOURCES = tests/bench/pass_pair.c $(BENCH_PASS)
tests_bench_pass_pair_LDADD = $(LIBEVENT_LIBS)
tests_bench_client_SOURCES = tests/bench/client.c tests/bench/wire.c tests/bench/wire.h
tests_bench_client_LDADD = src/libbase.a $(OPENSSL_LIBS)
tests_bench_server_SOURCES = tests/bench/server.c $(BENCH_PASS)
tests_bench_micro_SOURCES = tests/bench/micro.c tests/bench/micro.h tests/bench/micro_accounts.c tests/bench/micro_filter.c \
	tests/bench/micro_scope.c tests/bench/micro_session.c \
	tests/support/script.c tests/support/script.h tests/support/tape.c tests/support/tape.h
tests_bench_micro_LDADD = $(ROOMS) $(ROOM_LIBS)

# Adversarial inputs, and the scans that they are for; tests/linear/run counts their instructions.
tests_linear_linear_SOURCES = tests/linear/linear.c tests/linear/linear.h tests/linear/generators.c tests/linear/scans.c \
	tests/linear/session.c tests/linear/session.h tests/linear/sessions.c
tests_linear_linear_LDADD = $(ROOMS) $(ROOM_LIBS)
