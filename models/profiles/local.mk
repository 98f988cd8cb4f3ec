noinst_LIBRARIES += libqosim-profiles.a
libqosim_profiles_a_SOURCES = models/profiles/profiles.c models/profiles/profiles.h
nodist_libqosim_profiles_a_SOURCES = \
	models/profiles/profiles-resource.c models/profiles/profiles-resource.h

profiles_files = \
	models/profiles/links.ini \
	models/profiles/brokers.ini \
	models/profiles/clients.ini \
	models/profiles/tcp.ini
profiles_xml = models/profiles/profiles.gresource.xml
PROFILES_COMPILE = $(GLIB_COMPILE_RESOURCES) --sourcedir=$(top_srcdir)/models/profiles \
	--c-name=profiles --internal

models/profiles/profiles-resource.c: $(profiles_xml) $(profiles_files)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	  $(PROFILES_COMPILE) --generate-source --target=$@ $(top_srcdir)/$(profiles_xml)
models/profiles/profiles-resource.h: $(profiles_xml) $(profiles_files)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	  $(PROFILES_COMPILE) --generate-header --target=$@ $(top_srcdir)/$(profiles_xml)

# For a make of the archive alone, which does not begin with BUILT_SOURCES.
models/profiles/profiles.$(OBJEXT): models/profiles/profiles-resource.h

BUILT_SOURCES += models/profiles/profiles-resource.c models/profiles/profiles-resource.h
CLEANFILES += models/profiles/profiles-resource.c models/profiles/profiles-resource.h
EXTRA_DIST += $(profiles_xml) $(profiles_files)
