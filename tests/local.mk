# Unit tests: a CUnit program a room, mirroring src/; each prints TAP. Without CUnit they are left out (configure says so).
UNIT_COMMON = tests/unit/tap.c tests/unit/tap.h
UNIT_LIBS = $(ROOMS) $(ROOM_LIBS) $(CUNIT_LIBS)
AM_CPPFLAGS += -I$(top_srcdir)/tests/unit

include tests/unit/base/local.mk
include tests/unit/profile/local.mk
include tests/unit/settings/local.mk
include tests/unit/mysql/local.mk
include tests/unit/capture/local.mk
include tests/unit/journal/local.mk
include tests/unit/proxy/local.mk
include tests/unit/admin/local.mk
include tests/unit/cli/local.mk
include tests/fuzz/local.mk

# Nobody includes up the house.
TESTS += tests/rooms.sh
dist_check_SCRIPTS += tests/rooms.sh
EXTRA_DIST += tests/integration tests/bench tests/data

# Benchmarks that are programs: `make tests/bench/alloc`.
EXTRA_PROGRAMS = tests/bench/alloc
tests_bench_alloc_SOURCES = tests/bench/alloc.c
tests_bench_alloc_LDADD = $(ROOMS) $(ROOM_LIBS)
