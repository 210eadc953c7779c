# make check-slurm: examples/slurm-array.sbatch on a Slurm of its own. Not in make check: it installs Slurm and Dovecot.

check-slurm:
	$(Q)tests/deps slurm
	$(Q)$(MAKE) --no-print-directory all tools
	$(Q)perl -Itests/e2e/lib tests/check-slurm

.PHONY: check-slurm
