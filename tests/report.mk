# The report's page in a headless Chromium, with pictures (300 MB of packages: not in make check).
check-report:
	$(Q)tests/deps report
	$(Q)$(MAKE) --no-print-directory all tools
	$(Q)perl tests/check-report

# What --metrics writes, read by Prometheus' own promtool (a package of 100 MB: not in make check, which has a strict reader).
check-metrics:
	$(Q)tests/deps metrics
	$(Q)$(MAKE) --no-print-directory all tools
	$(Q)PROMTOOL=$$(command -v promtool) $(RUN) e2e tests/e2e/56-metrics.t

.PHONY: check-report check-metrics
