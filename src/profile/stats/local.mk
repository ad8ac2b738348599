noinst_LIBRARIES += src/libprofile_stats.a
src_libprofile_stats_a_SOURCES = \
	src/profile/stats/bytes.c \
	src/profile/stats/bytes.h \
	src/profile/stats/plot.c \
	src/profile/stats/plot.h \
	src/profile/stats/rise.c \
	src/profile/stats/rise.h \
	src/profile/stats/stat.c \
	src/profile/stats/stat.h \
	src/profile/stats/steady.c \
	src/profile/stats/steady.h
