# Each target is one line here and a script in scripts/; `make` alone lists them.
# ARGS="…" is handed to batond by `make run` and `make dev`.
ARGS ?=
.DEFAULT_GOAL := help
.PHONY: help run test build test-unit test-integration test-bench bench lint format clean dev asan \
        tsan cluster-faults fuzz install-tools migrate-up migrate-down

help: ## this list
	@echo "Baton: a durable message queue and runtime for AI agents"
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' \
	    | while IFS='|' read -r name what; do printf '  make %-18s %s\n' "$$name" "$$what"; done

run: ## install what is missing, build, start the daemon, send one message, serve until Ctrl-C
	@scripts/run.sh $(ARGS)

test: ## install what is missing, build, run every test
	@scripts/test.sh

build: ## build the programs into build/release/bin
	@scripts/install-deps.sh build
	@scripts/build.sh release programs

test-unit: ## build and run the unit tests and the tests of the source tree's law
	@scripts/test.sh 'unit|arch'

test-integration: ## build and run the tests that start whole daemons
	@scripts/test.sh 'integration'

migrate-up: build ## bring the database's schema up to date (ARGS="--config FILE", "--to 3", "--dry-run")
	@build/release/bin/batond migrate up $(ARGS)

migrate-down: build ## undo the schema's last step, or all above a version (ARGS="--to 3")
	@build/release/bin/batond migrate down $(ARGS)

test-bench: ## build the benchmarks and run each briefly, to see that they work
	@scripts/bench.sh smoke

bench: ## measure Baton beside NATS, Redis, RabbitMQ, beanstalkd, PostgreSQL (half an hour)
	@scripts/bench.sh full

lint: ## law of the tree, format, each header alone, clang-tidy (CHANGED=1: only what git sees changed)
	@CHANGED="$(CHANGED)" scripts/lint.sh

format: ## format all C++ files in place
	@scripts/install-deps.sh lint
	@scripts/sources.sh | xargs -r clang-format-19 -i

clean: ## remove everything that was built; data/ stays
	rm -rf build

dev: ## build and run the daemon, again after each change of a source file
	@scripts/dev.sh $(ARGS)

asan: ## unit and integration tests under the address and undefined behaviour sanitizers (ONLY=regex)
	@scripts/sanitize.sh asan "$(ONLY)"

tsan: ## unit and integration tests under the thread sanitizer (ONLY=regex)
	@scripts/sanitize.sh tsan "$(ONLY)"

cluster-faults: ## ten times each fault of a cluster under load, against its targets (ROUNDS=10; half an hour)
	@ROUNDS="$(ROUNDS)" scripts/cluster-faults.sh

fuzz: ## look for inputs that break a parser (FUZZ_SECONDS=300 for each, FUZZ_ONLY=name)
	@FUZZ_SECONDS="$(FUZZ_SECONDS)" FUZZ_ONLY="$(FUZZ_ONLY)" scripts/fuzz.sh full

install-tools: ## install all packages that any target needs
	@scripts/install-deps.sh build test lint fuzz bench dev
