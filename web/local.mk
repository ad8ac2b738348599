# The page of the admin port: modules, styles and icons, as they are in web/, become part of the program.
web_page = \
	web/index.html \
	web/api.js \
	web/columns.js \
	web/copy.js \
	web/digests.js \
	web/dom.js \
	web/feed.js \
	web/filterbox.js \
	web/findings.js \
	web/histogram.js \
	web/icon.svg \
	web/live.js \
	web/memory.js \
	web/packets.js \
	web/page.css \
	web/page.js \
	web/record.js \
	web/router.js \
	web/sessions.js \
	web/settings.js \
	web/source.js \
	web/sql.js \
	web/statement.js \
	web/text.js \
	web/transactions.js \
	web/view.js \
	web/vlist.js
EXTRA_DIST += $(web_page)
nodist_src_libadmin_a_SOURCES = web/web_files.c
CLEANFILES += web/web_files.c
web/web_files.c: $(web_page) script/embed-web web/local.mk
	$(AM_V_GEN)$(MKDIR_P) web && $(SHELL) $(srcdir)/script/embed-web $(srcdir) $(web_page) >$@.new && mv $@.new $@
