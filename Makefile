# popkeep: build, test, install. `make help` lists the targets.
#
# Variables: CC, CFLAGS, LDFLAGS, PREFIX, DESTDIR as usual;
#   DEV=1                    warnings are errors, no optimisation beyond -Og   -> build/dev/
#   SAN=address,undefined    sanitizers                                        -> build/san-.../
#   V=1                      show the commands

PREFIX ?= /usr/local
DESTDIR ?=
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/popkeep

VERSION := 0.1.0
O := build
ifneq ($(SAN),)
O := build/san-$(subst $(comma),-,$(SAN))
else ifeq ($(DEV),1)
O := build/dev
endif
comma := ,

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
MODE_CFLAGS := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE -fcf-protection
MODE_LDFLAGS := -pie -Wl,-z,relro,-z,now
endif
ifeq ($(shell uname -m),aarch64)
MODE_CFLAGS := $(filter-out -fcf-protection,$(MODE_CFLAGS))
endif
LIBS := -lssl -lcrypto -linih -lz
Q := $(if $(V),,@)

SRCS := $(sort $(wildcard src/*/*.c))
OBJS := $(SRCS:src/%.c=$(O)/obj/%.o)
LIB_OBJS := $(filter-out $(O)/obj/cmd/main.o,$(OBJS))

all: $(O)/popkeep

$(O)/popkeep: $(OBJS)
	$(Q)echo "  LD    $@"
	$(Q)$(CC) $(CFLAGS) $(MODE_CFLAGS) $(LDFLAGS) $(MODE_LDFLAGS) -pthread -o $@ $^ $(LIBS)

$(O)/obj/%.o: src/%.c
	$(Q)mkdir -p $(@D)
	$(Q)echo "  CC    $<"
	$(Q)$(CC) $(BASE_CFLAGS) -include popkeep/base/banned.h $(CFLAGS) $(MODE_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/libpopkeep.a: $(LIB_OBJS)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

-include tests/tests.mk

-include $(OBJS:.o=.d)

clean:
	rm -rf build

.PHONY: all clean
.DEFAULT_GOAL := all
