# popkeep: build, test, install. `make help` lists the targets.
#
# Variables: CC, CFLAGS, LDFLAGS, PREFIX, DESTDIR as usual;
#   DEV=1                    warnings are errors, no optimisation beyond -Og   -> build/dev/
#   SAN=address,undefined    sanitizers                                        -> build/san-.../
#   V=1                      show the commands
# Objects depend on the flags only through their folder: after changing CC or CFLAGS by hand, `make clean`.

PREFIX ?= /usr/local
DESTDIR ?=
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/popkeep
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d
# Where the program looks: beside the folder it was started from.
LOCALEDIR := $(BINDIR)/../share/locale

VERSION := 0.1.0
comma := ,
O := build
ifneq ($(SAN),)
O := build/san-$(subst $(comma),-,$(SAN))
else ifeq ($(DEV),1)
O := build/dev
endif

WARN := -Wall -Wextra -Wshadow -Wconversion -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes \
  -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla
BASE_CFLAGS := -std=c17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DPOPKEEP_VERSION='"$(VERSION)"' -Iinclude -pthread $(WARN)
ifneq ($(SAN),)
CFLAGS ?= -Og -g
MODE_CFLAGS := -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all
MODE_LDFLAGS := -fsanitize=$(SAN)
else ifeq ($(DEV),1)
CFLAGS ?= -Og -g
MODE_CFLAGS := -Werror
else
CFLAGS ?= -O2 -g
MODE_CFLAGS := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fPIE
# Only x86 has it; compilers for other machines refuse it.
ifneq ($(filter x86_64 i%86,$(shell uname -m)),)
MODE_CFLAGS += -fcf-protection
endif
MODE_LDFLAGS := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code
endif
LIBS := -lssl -lcrypto -linih -lz
Q := $(if $(V),,@)

SRCS := $(sort $(wildcard src/*/*.c))
OBJS := $(SRCS:src/%.c=$(O)/obj/%.o)
LIB_OBJS := $(filter-out $(O)/obj/cmd/main.o,$(OBJS))

# Where gettext is missing the program is made without catalogues: it speaks English then.
MSGFMT ?= msgfmt
HAVE_MSGFMT := $(shell command -v $(MSGFMT) 2>/dev/null)
LANGUAGES := $(patsubst src/po/%.po,%,$(sort $(wildcard src/po/*.po)))
CATALOGUES := $(LANGUAGES:%=build/share/locale/%/LC_MESSAGES/popkeep.mo)

# The completions are made from the program's own tables, in English, for all users; not by `install`, which is root: nobody
# else could remove them then.
COMPLETIONS := $(addprefix $(O)/completion/,bash zsh fish)

all: $(O)/popkeep $(COMPLETIONS) $(if $(HAVE_MSGFMT),$(CATALOGUES),no-catalogues)

$(O)/completion/%: $(O)/popkeep
	$(Q)mkdir -p $(@D)
	$(Q)LC_ALL=C $(O)/popkeep completion $* >$@.tmp && mv $@.tmp $@

build/share/locale/%/LC_MESSAGES/popkeep.mo: src/po/%.po
	$(Q)mkdir -p $(@D)
	$(Q)echo "  MSG   $@"
	$(Q)$(MSGFMT) --check -o $@.tmp $< && mv $@.tmp $@

no-catalogues:
	$(Q)echo "  --    $(MSGFMT) (package gettext) is missing: popkeep speaks English only"

$(O)/popkeep: $(OBJS)
	$(Q)echo "  LD    $@"
	$(Q)$(CC) $(CFLAGS) $(MODE_CFLAGS) $(LDFLAGS) $(MODE_LDFLAGS) -pthread -o $@ $^ $(LIBS)

$(O)/obj/%.o: src/%.c | build/.headers-found
	$(Q)mkdir -p $(@D)
	$(Q)echo "  CC    $<"
	$(Q)$(CC) $(BASE_CFLAGS) -include popkeep/base/banned.h $(CFLAGS) $(MODE_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/libpopkeep.a: $(LIB_OBJS)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Compiling alone installs nothing; it says what is missing.
build/.headers-found:
	$(Q)CC='$(CC)' tests/deps --list build
	$(Q)mkdir -p build && touch $@

include tests/tests.mk

-include $(OBJS:.o=.d)

MAN1 := $(wildcard man/*.1)
MAN5 := $(wildcard man/*.5)
# man/LANGUAGE/PAGE.SECTION is installed as MANDIR/LANGUAGE/manSECTION/PAGE.SECTION
MAN_OTHERS := $(wildcard man/*/*.[15])
man_place = $(patsubst man/%/,%,$(dir $(1)))/man$(patsubst .%,%,$(suffix $(1)))

EXAMPLES := $(sort $(shell find examples -type f))

install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 \
	  $(addprefix $(DESTDIR)$(DOCDIR)/,$(sort $(dir $(EXAMPLES)))) $(addprefix $(DESTDIR),$(BASHDIR) $(ZSHDIR) $(FISHDIR))
	install -m 755 $(O)/popkeep $(DESTDIR)$(BINDIR)/popkeep
	$(if $(MAN1),install -m 644 $(MAN1) $(DESTDIR)$(MANDIR)/man1)
	$(if $(MAN5),install -m 644 $(MAN5) $(DESTDIR)$(MANDIR)/man5)
	$(foreach p,$(MAN_OTHERS),install -D -m 644 $(p) $(DESTDIR)$(MANDIR)/$(call man_place,$(p))/$(notdir $(p)) &&) true
	$(if $(HAVE_MSGFMT),$(foreach l,$(LANGUAGES),install -D -m 644 build/share/locale/$(l)/LC_MESSAGES/popkeep.mo \
	  $(DESTDIR)$(LOCALEDIR)/$(l)/LC_MESSAGES/popkeep.mo &&)) true
	install -m 644 $(wildcard README CHANGES LICENSE) $(DESTDIR)$(DOCDIR)
	for f in $(EXAMPLES); do install -m "$$(if [ -x "$$f" ]; then echo 755; else echo 644; fi)" "$$f" \
	  "$(DESTDIR)$(DOCDIR)/$$f"; done
	install -m 644 $(O)/completion/bash $(DESTDIR)$(BASHDIR)/popkeep
	install -m 644 $(O)/completion/zsh $(DESTDIR)$(ZSHDIR)/_popkeep
	install -m 644 $(O)/completion/fish $(DESTDIR)$(FISHDIR)/popkeep.fish

# Removes what install put there, and nothing a user may have added beside it.
uninstall:
	rm -f $(DESTDIR)$(BINDIR)/popkeep
	rm -f $(MAN1:man/%=$(DESTDIR)$(MANDIR)/man1/%) $(MAN5:man/%=$(DESTDIR)$(MANDIR)/man5/%)
	rm -f $(foreach p,$(MAN_OTHERS),$(DESTDIR)$(MANDIR)/$(call man_place,$(p))/$(notdir $(p)))
	rm -f $(LANGUAGES:%=$(DESTDIR)$(LOCALEDIR)/%/LC_MESSAGES/popkeep.mo)
	rm -f $(addprefix $(DESTDIR)$(DOCDIR)/,$(EXAMPLES))
	rm -f $(addprefix $(DESTDIR),$(BASHDIR)/popkeep $(ZSHDIR)/_popkeep $(FISHDIR)/popkeep.fish)
	rm -f $(addprefix $(DESTDIR)$(DOCDIR)/,README CHANGES LICENSE)
	-rmdir $(patsubst %/,$(DESTDIR)$(DOCDIR)/%,$(filter-out examples/,$(sort $(dir $(EXAMPLES))))) 2>/dev/null
	-rmdir $(DESTDIR)$(DOCDIR)/examples $(DESTDIR)$(DOCDIR) 2>/dev/null

clean:
	rm -rf build

help:
	@echo 'popkeep: fetches mail over POP3S into Maildirs'
	@echo
	@echo '  make               compile the program: build/popkeep'
	@echo '  make demo          see it at work against a small server of its own (installs what is missing)'
	@echo '  make check         run every test (installs what is missing)'
	@echo '  make install       install under PREFIX=$(PREFIX), staged into DESTDIR if given'
	@echo '  make uninstall     remove what install put there'
	@echo '  make clean         remove build/'
	@echo
	@echo 'Parts of make check (each alone, the compiler and the libraries being there):'
	@echo '  check-unit  check-e2e  check-rooms  check-man  check-style'
	@echo '  check-po           every text for people is in src/po/tr.po, translated (update-po: take new ones in)'
	@echo '  check-san          units and end-to-end tests with the address and undefined sanitizers'
	@echo '  check-valgrind     units and a few end-to-end tests under valgrind'
	@echo '  check-locale       units and end-to-end tests in tr_TR.UTF-8'
	@echo '  check-model        not in make check: the protocol as a model, every state of it'
	@echo '  check-report       not in make check: the page of popkeep report in a headless Chromium, with pictures'
	@echo '  check-metrics      not in make check: what --metrics writes, read by promtool'
	@echo '  check-district     not in make check: 1,000 mailboxes on a real server, a dozen of them broken'
	@echo '  check-faults       not in make check: every group of faults, each counted; T="kill power": only these'
	@echo '  check-slurm        not in make check: 200 accounts in a job array, on a Slurm of its own and Dovecot'
	@echo '  check-kubernetes   not in make check: the manifests in examples/ against the API'\''s schema (an npm package)'
	@echo '  make check-e2e T="tests/e2e/00-popserver.t"   only these'
	@echo
	@echo 'make fuzz: libFuzzer against every decoder and parser, with clang; a minute each'
	@echo '  T="body engine" only these; TIME=600 seconds each; AFL=1 with afl-fuzz; make fuzz-merge: finds into the corpora'
	@echo
	@echo 'make coverage: lines and branches that the tests run, by room (T=...: only these tests)'
	@echo
	@echo 'make bench: speed and cost against the wire, and against other programs that are installed'
	@echo '  QUICK=1 small and short; ONLY=500mb,20k these parts; RTT=0,50; ROUNDS=3; PEERS=1 installs the others'
	@echo
	@echo 'Variables: CC CFLAGS LDFLAGS PREFIX DESTDIR; DEV=1 (warnings are errors, build/dev);'
	@echo '  SAN=address,undefined (sanitizers, build/san-...); V=1 (show the commands)'

.PHONY: all no-catalogues install uninstall clean help
.DEFAULT_GOAL := all
