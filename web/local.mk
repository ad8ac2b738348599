# The page of the admin port: modules, styles and icons, as they are in web/, become part of the program.
web_page = \
	web/index.html \
	web/page.css \
	web/page.js
EXTRA_DIST += $(web_page)
nodist_src_libadmin_a_SOURCES = web/web_files.c
CLEANFILES += web/web_files.c
web/web_files.c: $(web_page) script/embed-web web/local.mk
	$(AM_V_GEN)$(MKDIR_P) web && $(SHELL) $(srcdir)/script/embed-web $(srcdir) $(web_page) >$@.new && mv $@.new $@
