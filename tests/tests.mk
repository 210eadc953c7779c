# The tests' part of the Makefile: what they are built of and the targets that run them.
# Objects of the program under test live in $(O); the tools are built once, plainly, in build/tests.

T ?=
UNIT_SRCS := $(sort $(wildcard tests/unit/test_*.c))
UNIT_BINS := $(UNIT_SRCS:tests/unit/%.c=$(O)/tests/unit/%)
TOOL_DIR := build/tests/tools
TOOL_CFLAGS := -std=c17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -O2 -g $(WARN) $(if $(DEV),-Werror)
TOOL_SRCS := $(filter-out %shim.c %/benchjournal.c,$(sort $(wildcard tests/tools/*.c)))
SHIM_SRCS := $(sort $(wildcard tests/tools/*shim.c))
POPSERVER_SRCS := $(sort $(wildcard tests/tools/popserver/*.c))
POPSERVER_OBJS := $(POPSERVER_SRCS:tests/tools/%.c=$(TOOL_DIR)/obj/%.o)
TOOLS := $(TOOL_SRCS:tests/tools/%.c=$(TOOL_DIR)/%) $(SHIM_SRCS:tests/tools/%.c=$(TOOL_DIR)/%.so) $(TOOL_DIR)/popserver
SAN_CHECK := address,undefined

# The same program with batches of a few messages, so that twenty mails are several of each.
SMALL := $(O)/tests/popkeep-small
SMALL_SRCS := run/fetch run/expire store/compact
SMALL_OBJS := $(SMALL_SRCS:%=$(O)/tests/small/%.o)
SMALL_CFLAGS := -DFETCH_BATCH_FILES=10 -DEXPIRE_WINDOW=3 -DCOMPACT_WORTH_LINES=20 -DCOMPACT_GROUP_RECORDS=7

units: $(UNIT_BINS)
small: $(SMALL)
tools: $(TOOLS)

$(O)/tests/unit/%: tests/unit/%.c $(O)/libpopkeep.a
	$(Q)mkdir -p $(@D)
	$(Q)echo "  TEST  $@"
	$(Q)$(CC) $(BASE_CFLAGS) -Itests/unit $(CFLAGS) $(MODE_CFLAGS) -MMD -MP -MF $@.d -o $@ $< $(LDFLAGS) $(MODE_LDFLAGS) \
	  $(O)/libpopkeep.a -lcmocka $(LIBS)

$(SMALL): $(SMALL_OBJS) $(filter-out $(SMALL_SRCS:%=$(O)/obj/%.o),$(OBJS))
	$(Q)echo "  LD    $@"
	$(Q)$(CC) $(CFLAGS) $(MODE_CFLAGS) $(LDFLAGS) $(MODE_LDFLAGS) -pthread -o $@ $^ $(LIBS)

$(O)/tests/small/%.o: src/%.c | build/.headers-found
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BASE_CFLAGS) -include popkeep/base/banned.h $(SMALL_CFLAGS) $(CFLAGS) $(MODE_CFLAGS) -MMD -MP -c -o $@ $<

$(TOOL_DIR)/obj/%.o: tests/tools/%.c
	$(Q)mkdir -p $(@D)
	$(Q)echo "  CC    $<"
	$(Q)$(CC) $(TOOL_CFLAGS) -MMD -MP -c -o $@ $<

$(TOOL_DIR)/popserver: $(POPSERVER_OBJS)
	$(Q)echo "  LD    $@"
	$(Q)$(CC) -o $@ $^ -lssl -lcrypto

$(TOOL_DIR)/%shim.so: tests/tools/%shim.c
	$(Q)mkdir -p $(@D)
	$(Q)echo "  TOOL  $@"
	$(Q)$(CC) $(TOOL_CFLAGS) -fPIC -shared -MMD -MP -MF $@.d -o $@ $< -ldl

$(TOOL_DIR)/%: tests/tools/%.c
	$(Q)mkdir -p $(@D)
	$(Q)echo "  TOOL  $@"
	$(Q)$(CC) $(TOOL_CFLAGS) -MMD -MP -MF $@.d -o $@ $< -lssl -lcrypto

-include $(addsuffix .d,$(UNIT_BINS)) $(SMALL_OBJS:.o=.d) $(POPSERVER_OBJS:.o=.d) $(wildcard $(TOOL_DIR)/*.d)

# tests/run-tests knows the suites; here stands what each must have built before.
RUN := CC='$(CC)' tests/run-tests

check:
	$(Q)tests/deps check
	$(Q)$(MAKE) --no-print-directory check-build
	$(Q)$(RUN) unit e2e rooms man style po san valgrind locale

check-build: build-plain build-san build/locale/tr_TR.UTF-8
build-plain: all units replays small tools
build-san:
	$(Q)$(MAKE) --no-print-directory SAN=$(SAN_CHECK) all units replays small
check-unit: units replays $(if $(HAVE_MSGFMT),$(CATALOGUES)) ; $(Q)$(RUN) unit $(T)
check-e2e: all small tools build/locale/tr_TR.UTF-8 ; $(Q)$(RUN) e2e $(T)
check-rooms: $(O)/libpopkeep.a ; $(Q)$(RUN) rooms
check-man: ; $(Q)$(RUN) man
check-style: ; $(Q)$(RUN) style
check-po: ; $(Q)$(RUN) po
update-po: ; $(Q)src/po/extract build/po/popkeep.pot && msgmerge --quiet --update --backup=none --no-wrap --no-location \
	  --no-fuzzy-matching src/po/tr.po build/po/popkeep.pot && msgattrib --no-obsolete --no-wrap --no-location -o src/po/tr.po src/po/tr.po
check-san: build-san tools ; $(Q)$(RUN) san $(T)
check-valgrind: build-plain ; $(Q)$(RUN) valgrind $(T)
check-locale: build-plain build/locale/tr_TR.UTF-8 ; $(Q)$(RUN) locale $(T)

# Every group of faults, counted (tests/check-faults GROUP... runs some).
check-faults: all units small tools build/locale/tr_TR.UTF-8
	$(Q)tests/check-faults $(T)

# What 72-district.t does in make check with 200 mailboxes, with 1,000.
check-district: all tools
	$(Q)POPKEEP_DISTRICT=1000 $(RUN) e2e tests/e2e/72-district.t

# Debian has the sources of every locale but builds none: this one is made for the tests, installed nowhere.
build/locale/tr_TR.UTF-8:
	$(Q)mkdir -p build/locale
	$(Q)echo "  LOC   $@"
	$(Q)localedef --no-archive -i tr_TR -f UTF-8 $@.tmp && mv $@.tmp $@

demo:
	$(Q)tests/deps demo
	$(Q)$(MAKE) --no-print-directory all $(TOOL_DIR)/popserver $(TOOL_DIR)/mkcert
	$(Q)tests/demo

.PHONY: units tools check check-build build-plain build-san check-unit check-e2e check-rooms check-man check-style check-po update-po \
  check-san check-valgrind check-locale check-faults check-district small demo
.SECONDARY: $(POPSERVER_OBJS)

include tests/bench.mk
include tests/fuzz.mk
include tests/coverage.mk
include tests/model.mk
include tests/report.mk
include tests/slurm.mk
include tests/kubernetes.mk
