# PhotoVote: what there is to run. `make` alone lists it.

.DEFAULT_GOAL := help
.PHONY: help run demo test soak mutants soak-model format lint alone unit deny doc openapi golden bench bench-cold test-deploy test-rie

help: ## List these targets.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

run: ## Start PhotoVote on this machine.
	cargo run

demo: ## Hold a demonstration election.
	cargo run -- demo

test: format lint alone unit doc deny ## Everything that must hold.

format: # The code is formatted.
	cargo fmt --all --check

lint: # No warning of the compiler or of clippy.
	cargo clippy --workspace --all-targets --locked -- -D warnings

alone: # The readers build without the features of the writers, as the functions that only read are deployed.
	cargo check --locked -p election-queries -p public-queries -p ballot-queries -p audit-queries

unit: # All tests: rules, properties, storage against the engine, the whole system.
	cargo test --workspace --locked --all-features

doc: # The documentation builds without a warning.
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

deny: # Licences, sources and duplicate versions of what we depend on, if cargo-deny is installed.
	@if cargo deny --version >/dev/null 2>&1; then cargo deny check bans licenses sources; \
	else echo "cargo-deny is not installed: licences and sources are not checked (cargo install cargo-deny)"; fi

soak: ## Simulate thousands of elections in which everything fails. SEED=n repeats one, SEEDS=n sets how many, CASTS=n votes in one.
	cargo run --profile soak --locked -p photovote-simulation

soak-model: ## Look at every order of calls in larger configurations of the model. Takes minutes and some gigabytes.
	cargo test --locked -p photovote-model -- --ignored --nocapture

mutants: ## Remove one guard after the other, and see the simulation fail each time. ONLY=text: those with this in their names.
	python3 simulation/mutants/main.py

openapi: ## Write http/openapi.json anew, from the routes.
	UPDATE_OPENAPI=1 cargo test -p photovote-tests --test openapi

golden: ## Write the golden files of events that have none.
	UPDATE_GOLDEN=1 cargo test -p photovote-event-store --all-features --test golden

bench: ## Measure commands per second through the HTTP API, and the domain.
	cargo run --release -p photovote-bench

bench-cold: .venv/made ## Measure the size and the start of each function.
	.venv/bin/python tests/deploy/cold.py

test-deploy: .venv/made ## Deploy the template to an emulator of AWS, and test what is deployed.
	.venv/bin/python tests/deploy/main.py

test-rie: .venv/made ## Send tests/events to the built functions, as Lambda would.
	.venv/bin/python tests/deploy/main.py events

.venv/made: tests/deploy/requirements.txt
	python3 -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r $<
	touch $@
