# make coverage: which lines and branches of the program its tests run, by gcov; tests/coverage prints it.
#
# A build of its own that may write its counts when a worker ends. The suites run once against it, a sample of the sweeps
# as in make check; T="..." runs only these tests. Workers that are killed take their counts with them.

COV := build/cov
COV_FLAGS := CFLAGS='-O0 -g --coverage -fprofile-update=atomic -DPOPKEEP_INSTRUMENTED' O=$(COV)

coverage: tools
	$(Q)$(MAKE) --no-print-directory $(COV_FLAGS) MODE_CFLAGS= MODE_LDFLAGS= all units replays small
	$(Q)find $(COV) -name '*.gcda' -delete
	$(Q)$(RUN) cov $(T) || true
	$(Q)tests/coverage $(COV)

coverage-report: ; $(Q)tests/coverage $(COV)

.PHONY: coverage coverage-report
