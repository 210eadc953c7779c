# make check-model: the protocol as a model, every state of it (tests/README.md, "The model"). JOBS=2: two cases at a time.

check-model:
	$(Q)tests/deps model
	$(Q)tests/model/run $(T)

.PHONY: check-model
