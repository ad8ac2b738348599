noinst_LIBRARIES += src/librun.a
src_librun_a_SOURCES = \
	src/run/baseline.c \
	src/run/baseline.h \
	src/run/budget.c \
	src/run/budget.h \
	src/run/code_place.c \
	src/run/code_place.h \
	src/run/contract.c \
	src/run/contract.h \
	src/run/findings.c \
	src/run/findings.h \
	src/run/handover.c \
	src/run/handover.h \
	src/run/judge.c \
	src/run/judge.h \
	src/run/lookup.c \
	src/run/lookup.h \
	src/run/outcome.c \
	src/run/outcome.h \
	src/run/report_text.c \
	src/run/report_text.h \
	src/run/run_config.c \
	src/run/run_config.h \
	src/run/stable_text.c \
	src/run/stable_text.h \
	src/run/supervisor.c \
	src/run/supervisor.h \
	src/run/tally.c \
	src/run/tally.h \
	src/run/text_file.c \
	src/run/text_file.h
