# make check-kubernetes: the manifests of examples/kubernetes against the API's schema. Not in make check: the schema is an
# npm package, of which nothing else here has any use. It goes into build/ alone.

K8S := build/kubernetes
K8S_PACKAGES := kubernetes-models@4.5.1 yaml@2.8.1

$(K8S)/.$(subst $() ,+,$(K8S_PACKAGES)):
	$(Q)rm -rf $(K8S) && mkdir -p $(K8S)
	$(Q)npm install --no-save --no-audit --no-fund --ignore-scripts --loglevel=error --prefix $(K8S) $(K8S_PACKAGES)
	$(Q)touch '$@'

check-kubernetes:
	$(Q)tests/deps kubernetes
	$(Q)$(MAKE) --no-print-directory all '$(K8S)/.$(subst $() ,+,$(K8S_PACKAGES))'
	$(Q)POPKEEP_CONF=$(K8S)/popkeep.conf NODE_PATH=$(K8S)/node_modules tests/check-kubernetes $(sort $(wildcard examples/kubernetes/*.yaml))
	$(Q)$(O)/popkeep -c $(K8S)/popkeep.conf completion accounts >/dev/null && echo 'and popkeep takes the configuration in it'

.PHONY: check-kubernetes
