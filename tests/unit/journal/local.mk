# Unit tests of src/journal.
if HAVE_CUNIT
check_PROGRAMS += tests/unit/test-format tests/unit/test-sink tests/unit/test-journal
TESTS += tests/unit/test-format tests/unit/test-sink tests/unit/test-journal
tests_unit_test_format_SOURCES = $(UNIT_COMMON) tests/unit/json_check.c tests/unit/json_check.h \
	tests/unit/journal/format/test_format.c
tests_unit_test_format_LDADD = $(JOURNAL_FORMAT) $(TEST_LIBS)
tests_unit_test_sink_SOURCES = $(UNIT_COMMON) tests/unit/journal/sample.c tests/unit/journal/sample.h \
	tests/unit/journal/sink/test_sink.c
tests_unit_test_sink_LDADD = $(JOURNAL_SINK) $(TEST_LIBS)
tests_unit_test_journal_SOURCES = $(UNIT_COMMON) tests/unit/journal/sample.c tests/unit/journal/sample.h \
	tests/unit/journal/test_journal.c
tests_unit_test_journal_LDADD = $(JOURNAL) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-sink-check tests/unit/test-destination
TESTS += tests/unit/test-sink-check tests/unit/test-destination
tests_unit_test_sink_check_SOURCES = $(UNIT_COMMON) tests/unit/journal/sample.c tests/unit/journal/sample.h \
	tests/unit/journal/sink/test_sink_check.c
tests_unit_test_sink_check_LDADD = $(JOURNAL_SINK) $(TEST_LIBS)
tests_unit_test_destination_SOURCES = $(UNIT_COMMON) tests/unit/journal/sample.c tests/unit/journal/sample.h \
	tests/unit/journal/sink/test_destination.c
tests_unit_test_destination_LDADD = $(JOURNAL_SINK) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-journal-sessions
TESTS += tests/unit/test-journal-sessions
tests_unit_test_journal_sessions_SOURCES = $(UNIT_COMMON) tests/unit/journal/sample.c tests/unit/journal/sample.h \
	tests/unit/journal/test_sessions.c
tests_unit_test_journal_sessions_LDADD = $(JOURNAL) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-trigger
TESTS += tests/unit/test-trigger
tests_unit_test_trigger_SOURCES = $(UNIT_COMMON) tests/unit/journal/test_trigger.c
tests_unit_test_trigger_LDADD = $(JOURNAL) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-conflict
TESTS += tests/unit/test-conflict
tests_unit_test_conflict_SOURCES = $(UNIT_COMMON) tests/unit/json_check.c tests/unit/json_check.h \
	tests/unit/journal/test_conflict.c
tests_unit_test_conflict_LDADD = $(JOURNAL) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-block
TESTS += tests/unit/test-block
tests_unit_test_block_SOURCES = $(UNIT_COMMON) tests/unit/journal/sample.c tests/unit/journal/sample.h \
	tests/unit/journal/test_block.c
tests_unit_test_block_LDADD = $(JOURNAL) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-ltsv-slow tests/unit/test-verbose
TESTS += tests/unit/test-ltsv-slow tests/unit/test-verbose
tests_unit_test_ltsv_slow_SOURCES = $(UNIT_COMMON) tests/unit/journal/format/test_ltsv_slow.c
tests_unit_test_ltsv_slow_LDADD = $(JOURNAL_FORMAT) $(TEST_LIBS)
tests_unit_test_verbose_SOURCES = $(UNIT_COMMON) tests/unit/journal/format/test_verbose.c
tests_unit_test_verbose_LDADD = $(JOURNAL_FORMAT) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-convert
TESTS += tests/unit/test-convert
tests_unit_test_convert_SOURCES = $(UNIT_COMMON) tests/unit/journal/format/test_convert.c
tests_unit_test_convert_LDADD = $(JOURNAL_FORMAT) $(TEST_LIBS)
ENRICHED = tests/unit/journal/enrich/enriched.c tests/unit/journal/enrich/enriched.h
check_PROGRAMS += tests/unit/test-enrich tests/unit/test-digests tests/unit/test-n-plus-one
TESTS += tests/unit/test-enrich tests/unit/test-digests tests/unit/test-n-plus-one
tests_unit_test_enrich_SOURCES = $(UNIT_COMMON) $(ENRICHED) tests/unit/journal/enrich/test_enrich.c
tests_unit_test_enrich_LDADD = $(JOURNAL_ENRICH) $(TEST_LIBS)
tests_unit_test_digests_SOURCES = $(UNIT_COMMON) $(ENRICHED) tests/unit/journal/enrich/test_digests.c
tests_unit_test_digests_LDADD = $(JOURNAL_ENRICH) $(TEST_LIBS)
tests_unit_test_n_plus_one_SOURCES = $(UNIT_COMMON) $(ENRICHED) tests/unit/journal/enrich/test_n_plus_one.c
tests_unit_test_n_plus_one_LDADD = $(JOURNAL_ENRICH) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-loop-ends
TESTS += tests/unit/test-loop-ends
tests_unit_test_loop_ends_SOURCES = $(UNIT_COMMON) $(ENRICHED) tests/unit/journal/enrich/test_loop_ends.c
tests_unit_test_loop_ends_LDADD = $(JOURNAL_ENRICH) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-chance
TESTS += tests/unit/test-chance
tests_unit_test_chance_SOURCES = $(UNIT_COMMON) tests/unit/journal/enrich/test_chance.c
tests_unit_test_chance_LDADD = $(JOURNAL_ENRICH) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-row-use
TESTS += tests/unit/test-row-use
tests_unit_test_row_use_SOURCES = $(UNIT_COMMON) $(ENRICHED) tests/unit/journal/enrich/test_row_use.c
tests_unit_test_row_use_LDADD = $(JOURNAL_ENRICH) $(TEST_LIBS)

check_PROGRAMS += tests/unit/test-pool-loops
TESTS += tests/unit/test-pool-loops
tests_unit_test_pool_loops_SOURCES = $(UNIT_COMMON) tests/unit/journal/enrich/test_pool_loops.c
tests_unit_test_pool_loops_LDADD = $(JOURNAL_ENRICH) $(TEST_LIBS)
LIFE = tests/unit/journal/enrich/life.c tests/unit/journal/enrich/life.h
check_PROGRAMS += tests/unit/test-session-findings tests/unit/test-repeated-setup
TESTS += tests/unit/test-session-findings tests/unit/test-repeated-setup
tests_unit_test_session_findings_SOURCES = $(UNIT_COMMON) $(LIFE) tests/unit/journal/enrich/test_session_findings.c
tests_unit_test_session_findings_LDADD = $(JOURNAL_ENRICH) $(TEST_LIBS)
tests_unit_test_repeated_setup_SOURCES = $(UNIT_COMMON) $(LIFE) tests/unit/journal/enrich/test_repeated_setup.c
tests_unit_test_repeated_setup_LDADD = $(JOURNAL_ENRICH) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-scope-stats
TESTS += tests/unit/test-scope-stats
tests_unit_test_scope_stats_SOURCES = $(UNIT_COMMON) tests/unit/journal/enrich/test_scope_stats.c
tests_unit_test_scope_stats_LDADD = $(JOURNAL_ENRICH) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-scope-records
TESTS += tests/unit/test-scope-records
tests_unit_test_scope_records_SOURCES = $(UNIT_COMMON) tests/unit/journal/enrich/test_scope_records.c
tests_unit_test_scope_records_LDADD = $(JOURNAL_ENRICH) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-scope-periods
TESTS += tests/unit/test-scope-periods
tests_unit_test_scope_periods_SOURCES = $(UNIT_COMMON) tests/unit/journal/enrich/test_scope_periods.c
tests_unit_test_scope_periods_LDADD = $(JOURNAL_ENRICH) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-scope
TESTS += tests/unit/test-scope
tests_unit_test_scope_SOURCES = $(UNIT_COMMON) tests/unit/journal/enrich/test_scope.c
tests_unit_test_scope_LDADD = $(JOURNAL_ENRICH) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-transactions
TESTS += tests/unit/test-transactions
tests_unit_test_transactions_SOURCES = $(UNIT_COMMON) tests/unit/journal/enrich/test_transactions.c
tests_unit_test_transactions_LDADD = $(JOURNAL_ENRICH) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-duplicates
TESTS += tests/unit/test-duplicates
tests_unit_test_duplicates_SOURCES = $(UNIT_COMMON) tests/unit/journal/enrich/test_duplicates.c
tests_unit_test_duplicates_LDADD = $(JOURNAL_ENRICH) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-redact
TESTS += tests/unit/test-redact
tests_unit_test_redact_SOURCES = $(UNIT_COMMON) tests/unit/journal/enrich/test_redact.c
tests_unit_test_redact_LDADD = $(JOURNAL_ENRICH) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-redact-columns
TESTS += tests/unit/test-redact-columns
tests_unit_test_redact_columns_SOURCES = $(UNIT_COMMON) $(ENRICHED) tests/unit/journal/enrich/test_redact_columns.c
tests_unit_test_redact_columns_LDADD = $(JOURNAL_ENRICH) $(TEST_LIBS)
EXPR_SAMPLE = tests/unit/rules/expr_sample.c tests/unit/rules/expr_sample.h
check_PROGRAMS += tests/unit/test-expr tests/unit/test-expr-read
TESTS += tests/unit/test-expr tests/unit/test-expr-read
tests_unit_test_expr_SOURCES = $(UNIT_COMMON) $(EXPR_SAMPLE) tests/unit/rules/test_expr.c
tests_unit_test_expr_LDADD = $(RULES) $(TEST_LIBS)
tests_unit_test_expr_read_SOURCES = $(UNIT_COMMON) $(EXPR_SAMPLE) tests/unit/rules/test_expr_read.c
tests_unit_test_expr_read_LDADD = $(RULES) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-filter
TESTS += tests/unit/test-filter
tests_unit_test_filter_SOURCES = $(UNIT_COMMON) tests/unit/rules/test_filter.c
tests_unit_test_filter_LDADD = $(RULES) $(SETTINGS) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-rotate
TESTS += tests/unit/test-rotate
LOG_FILE = tests/unit/journal/sample.c tests/unit/journal/sample.h \
	tests/unit/journal/sink/log_file.c tests/unit/journal/sink/log_file.h
tests_unit_test_rotate_SOURCES = $(UNIT_COMMON) $(LOG_FILE) tests/unit/journal/sink/test_rotate.c
tests_unit_test_rotate_LDADD = $(JOURNAL_SINK) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-datagram tests/unit/test-retention
TESTS += tests/unit/test-datagram tests/unit/test-retention
tests_unit_test_datagram_SOURCES = $(UNIT_COMMON) $(LOG_FILE) tests/unit/journal/sink/test_datagram.c
tests_unit_test_datagram_LDADD = $(JOURNAL_SINK) $(TEST_LIBS)
tests_unit_test_retention_SOURCES = $(UNIT_COMMON) $(LOG_FILE) tests/unit/journal/test_retention.c
tests_unit_test_retention_LDADD = $(JOURNAL) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-template-cache tests/unit/test-jsonl tests/unit/test-recent
TESTS += tests/unit/test-template-cache tests/unit/test-jsonl tests/unit/test-recent
tests_unit_test_template_cache_SOURCES = $(UNIT_COMMON) tests/unit/journal/enrich/test_template_cache.c
tests_unit_test_template_cache_LDADD = $(JOURNAL_ENRICH) $(TEST_LIBS)
tests_unit_test_jsonl_SOURCES = $(UNIT_COMMON) tests/unit/json_check.c tests/unit/json_check.h \
	tests/unit/journal/format/test_jsonl.c
tests_unit_test_jsonl_LDADD = $(JOURNAL_FORMAT) $(TEST_LIBS)
tests_unit_test_recent_SOURCES = $(UNIT_COMMON) tests/unit/journal/test_recent.c
tests_unit_test_recent_LDADD = $(JOURNAL) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-feed
TESTS += tests/unit/test-feed
tests_unit_test_feed_SOURCES = $(UNIT_COMMON) tests/unit/journal/test_feed.c
tests_unit_test_feed_LDADD = $(JOURNAL) $(TEST_LIBS)
check_PROGRAMS += tests/unit/test-recent-reading
TESTS += tests/unit/test-recent-reading
tests_unit_test_recent_reading_SOURCES = $(UNIT_COMMON) tests/unit/journal/sample.c tests/unit/journal/sample.h \
	tests/unit/journal/test_recent_reading.c
tests_unit_test_recent_reading_LDADD = $(JOURNAL) $(TEST_LIBS)
endif

check_PROGRAMS += tests/unit/test-shape
TESTS += tests/unit/test-shape
tests_unit_test_shape_SOURCES = $(UNIT_COMMON) tests/unit/journal/enrich/test_shape.c
tests_unit_test_shape_LDADD = $(JOURNAL_ENRICH) $(TEST_LIBS)
