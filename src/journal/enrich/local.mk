noinst_LIBRARIES += src/libjournal_enrich.a
src_libjournal_enrich_a_SOURCES = \
	src/journal/enrich/digests.c \
	src/journal/enrich/digests.h \
	src/journal/enrich/enrich.c \
	src/journal/enrich/enrich.h \
	src/journal/enrich/n_plus_one.c \
	src/journal/enrich/n_plus_one.h \
	src/journal/enrich/open_transaction.c \
	src/journal/enrich/open_transaction.h \
	src/journal/enrich/prepare_once.c \
	src/journal/enrich/prepare_once.h \
	src/journal/enrich/redact.c \
	src/journal/enrich/redact.h \
	src/journal/enrich/redact_columns.c \
	src/journal/enrich/redact_columns.h \
	src/journal/enrich/redact_rows.c \
	src/journal/enrich/redact_rows.h \
	src/journal/enrich/redact_text.c \
	src/journal/enrich/redact_text.h \
	src/journal/enrich/redact_token.c \
	src/journal/enrich/redact_token.h \
	src/journal/enrich/repeated_setup.c \
	src/journal/enrich/repeated_setup.h \
	src/journal/enrich/session_findings.c \
	src/journal/enrich/session_findings.h \
	src/journal/enrich/shape.c \
	src/journal/enrich/shape.h \
	src/journal/enrich/short_sessions.c \
	src/journal/enrich/short_sessions.h \
	src/journal/enrich/spare_blocks.c \
	src/journal/enrich/spare_blocks.h \
	src/journal/enrich/template_cache.c \
	src/journal/enrich/template_cache.h
