# make bench: what it measures stands in tests/README.md, what it is given in tests/bench/run --help.

QUICK ?=
ONLY ?=
RTT ?=
ROUNDS ?=
PEERS ?=
ALSO ?=
FOLDER ?=
BENCH_ENV := $(foreach v,QUICK ONLY RTT ROUNDS PEERS ALSO FOLDER,$(if $($(v)),BENCH_$(v)='$($(v))'))

# Linked with popkeep's own library, which the sanitizers' builds must not lend to a common tool.
$(TOOL_DIR)/benchjournal: tests/tools/benchjournal.c $(O)/libpopkeep.a
	$(Q)mkdir -p $(@D)
	$(Q)echo "  TOOL  $@"
	$(Q)$(CC) $(TOOL_CFLAGS) -Iinclude -o $@ $< $(O)/libpopkeep.a $(LIBS) -pthread

bench:
	$(Q)tests/deps $(if $(filter-out none,$(PEERS)),peers,bench)
	$(Q)$(MAKE) --no-print-directory all tools $(TOOL_DIR)/benchjournal
	$(Q)$(BENCH_ENV) tests/bench/run

.PHONY: bench
