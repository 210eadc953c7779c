# The report's page in a headless Chromium, with pictures (300 MB of packages: not in make check).
check-report:
	$(Q)tests/deps report
	$(Q)$(MAKE) --no-print-directory all tools
	$(Q)perl tests/check-report

.PHONY: check-report
