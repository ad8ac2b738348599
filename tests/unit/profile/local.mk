# Unit tests of src/profile.
if HAVE_CUNIT
PROFILE_TESTS = tests/unit/test-prof tests/unit/test-prof-record tests/unit/test-prof-hooks tests/unit/test-prof-export \
	tests/unit/test-prof-fault tests/unit/test-prof-proto tests/unit/test-prof-snapshot \
	tests/unit/test-prof-stat tests/unit/test-prof-growth tests/unit/test-prof-explain tests/unit/test-prof-overflow \
	tests/unit/test-prof-rate tests/unit/test-prof-bytes tests/unit/test-prof-dump tests/unit/test-prof-steady
check_PROGRAMS += $(PROFILE_TESTS)
TESTS += $(PROFILE_TESTS)
tests_unit_test_prof_SOURCES = $(UNIT_COMMON) tests/unit/profile/heap/test_prof.c
tests_unit_test_prof_LDADD = $(PROFILE_HEAP) $(TEST_LIBS)
tests_unit_test_prof_record_SOURCES = $(UNIT_COMMON) tests/unit/profile/heap/test_record.c
tests_unit_test_prof_record_LDADD = $(PROFILE_HEAP) $(TEST_LIBS)
tests_unit_test_prof_hooks_SOURCES = $(UNIT_COMMON) tests/unit/profile/heap/test_hooks.c
tests_unit_test_prof_hooks_LDADD = $(PROFILE_HEAP) $(TEST_LIBS)
tests_unit_test_prof_export_SOURCES = $(UNIT_COMMON) tests/unit/profile/export/test_export.c
tests_unit_test_prof_export_LDADD = $(PROFILE_EXPORT) $(TEST_LIBS)
tests_unit_test_prof_explain_SOURCES = $(UNIT_COMMON) tests/unit/profile/explain/test_explain.c
tests_unit_test_prof_explain_LDADD = $(PROFILE_EXPLAIN) $(TEST_LIBS)
tests_unit_test_prof_dump_SOURCES = $(UNIT_COMMON) tests/unit/profile/explain/test_dump.c
tests_unit_test_prof_dump_LDADD = $(PROFILE_EXPLAIN) $(TEST_LIBS)
tests_unit_test_prof_steady_SOURCES = $(UNIT_COMMON) tests/unit/profile/stats/test_steady.c
tests_unit_test_prof_steady_LDADD = $(PROFILE_STATS) $(TEST_LIBS)
tests_unit_test_prof_overflow_SOURCES = $(UNIT_COMMON) tests/unit/profile/heap/test_overflow.c
tests_unit_test_prof_overflow_LDADD = $(PROFILE_HEAP) $(TEST_LIBS)
tests_unit_test_prof_stat_SOURCES = $(UNIT_COMMON) tests/unit/profile/stats/test_stat.c
tests_unit_test_prof_stat_LDADD = $(PROFILE_STATS) $(TEST_LIBS)
tests_unit_test_prof_growth_SOURCES = $(UNIT_COMMON) tests/unit/profile/export/test_growth.c
tests_unit_test_prof_growth_LDADD = $(PROFILE_EXPORT) $(TEST_LIBS)
tests_unit_test_prof_bytes_SOURCES = $(UNIT_COMMON) tests/unit/profile/stats/test_bytes.c
tests_unit_test_prof_bytes_LDADD = $(PROFILE_STATS) $(TEST_LIBS)
tests_unit_test_prof_rate_SOURCES = $(UNIT_COMMON) tests/unit/profile/heap/test_rate.c
tests_unit_test_prof_rate_LDADD = $(PROFILE_HEAP) $(TEST_LIBS)
tests_unit_test_prof_fault_SOURCES = $(UNIT_COMMON) tests/unit/profile/heap/test_fault.c
tests_unit_test_prof_fault_LDADD = $(PROFILE_HEAP) $(TEST_LIBS)
tests_unit_test_prof_proto_SOURCES = $(UNIT_COMMON) tests/unit/profile/export/test_proto.c
tests_unit_test_prof_proto_LDADD = $(PROFILE_EXPORT) $(TEST_LIBS)
tests_unit_test_prof_snapshot_SOURCES = $(UNIT_COMMON) tests/unit/profile/export/test_snapshot.c
tests_unit_test_prof_snapshot_LDADD = $(PROFILE_EXPORT) $(TEST_LIBS)
endif

# heap.sh runs a small program of its own.
check_PROGRAMS += tests/unit/profile-example
tests_unit_profile_example_SOURCES = tests/unit/profile/export/example.c
tests_unit_profile_example_LDADD = $(ROOMS) $(ROOM_LIBS)
TESTS += tests/unit/profile/export/heap.sh
dist_check_SCRIPTS += tests/unit/profile/export/heap.sh
