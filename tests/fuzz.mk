# Fuzzing: targets for libFuzzer, and the same linked with a driver that replays their corpora in make check.

FUZZ_SRCS := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_NAMES := $(FUZZ_SRCS:tests/fuzz/fuzz_%.c=%)
FUZZ_BINS := $(FUZZ_NAMES:%=$(O)/tests/fuzz/fuzz_%)

replays: $(FUZZ_BINS)

$(O)/tests/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.c tests/fuzz/fuzz.h tests/fuzz/records.h \
  $(O)/libpopkeep.a
	$(Q)mkdir -p $(@D)
	$(Q)echo "  FUZZ  $@"
	$(Q)$(CC) $(BASE_CFLAGS) $(CFLAGS) $(MODE_CFLAGS) -o $@ $< tests/fuzz/replay.c $(LDFLAGS) $(MODE_LDFLAGS) \
	  $(O)/libpopkeep.a $(LIBS)

# `make fuzz` compiles everything anew with clang, which alone has libFuzzer.
FUZZ_CC ?= clang
FUZZ_O := build/fuzz
FUZZ_SAN := address,undefined
FUZZ_CFLAGS := -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all
FUZZ_OBJS := $(filter-out $(FUZZ_O)/obj/cmd/main.o,$(SRCS:src/%.c=$(FUZZ_O)/obj/%.o))
FUZZERS := $(FUZZ_NAMES:%=$(FUZZ_O)/%)
TIME ?= 60

$(FUZZ_O)/obj/%.o: src/%.c
	$(Q)mkdir -p $(@D)
	$(Q)echo "  CLANG $<"
	$(Q)$(FUZZ_CC) $(BASE_CFLAGS) -include popkeep/base/banned.h $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link,$(FUZZ_SAN) \
	  -MMD -MP -c -o $@ $<

$(FUZZ_O)/libpopkeep.a: $(FUZZ_OBJS)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(FUZZERS): $(FUZZ_O)/%: tests/fuzz/fuzz_%.c tests/fuzz/fuzz.h tests/fuzz/records.h $(FUZZ_O)/libpopkeep.a
	$(Q)echo "  FUZZ  $@"
	$(Q)$(FUZZ_CC) $(BASE_CFLAGS) $(FUZZ_CFLAGS) -fsanitize=fuzzer,$(FUZZ_SAN) -o $@ $< $(FUZZ_O)/libpopkeep.a $(LIBS)

fuzzers: $(FUZZERS)

# T: one target or several, else all; TIME: seconds for each; RECORD: a file that gets a line of each.
FUZZ_WANTED := $(if $(filter $(FUZZ_NAMES),$(T)),$(filter $(FUZZ_NAMES),$(T)),$(FUZZ_NAMES))
FUZZ_AFL := $(FUZZ_NAMES:%=$(FUZZ_O)/afl/%)
fuzz:
	$(Q)tests/deps $(if $(AFL),afl,fuzz)
	$(Q)$(MAKE) --no-print-directory $(FUZZ_WANTED:%=$(FUZZ_O)/$(if $(AFL),afl/)%)
	$(Q)tests/run-fuzz --time $(TIME) $(if $(AFL),--afl) $(FUZZ_WANTED)

# What earlier runs found and the corpus does not reach yet is taken into the corpus.
fuzz-merge: $(FUZZ_WANTED:%=$(FUZZ_O)/%)
	$(Q)tests/run-fuzz --merge $(FUZZ_WANTED)

fuzz-sum:
	$(Q)tests/run-fuzz --sum $(FUZZ_WANTED)

# afl-clang-fast replaces the compiler; it knows libFuzzer's entry point.
$(FUZZ_AFL): $(FUZZ_O)/afl/%: tests/fuzz/fuzz_%.c tests/fuzz/fuzz.h tests/fuzz/records.h $(SRCS)
	$(Q)mkdir -p $(@D)
	$(Q)echo "  AFL   $@"
	$(Q)AFL_QUIET=1 afl-clang-fast $(BASE_CFLAGS) -include popkeep/base/banned.h $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $< \
	  $(filter-out src/cmd/main.c,$(SRCS)) $(LIBS)

-include $(FUZZ_OBJS:.o=.d)
.PHONY: replays fuzzers fuzz fuzz-merge fuzz-sum
