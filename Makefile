# make run    builds the product, raises the star of 49 segments and shows it
# make test   everything that must hold before a change is taken
# make help   the other targets
#
# Both do all the set-up themselves; as an ordinary user they say what root has to install.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run build test quick bench soak lint fmt clean setup-run setup-test

HUB := target/release/ets-hub
SEGMENTS ?= 49
LAB_DIR ?= .lab
LAB_ARGS ?=

help: ## Shows the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup-run:
	@scripts/setup.sh run

setup-test:
	@scripts/setup.sh test

build: setup-run ## Builds target/release/ets-hub
	@echo "Building the hub (the first time takes a few minutes) ..."
	@cargo build --release --locked

run: build ## Builds the hub and raises the star; Ctrl-C ends it and leaves nothing behind
	@$(HUB) lab run --segments $(SEGMENTS) --dir $(LAB_DIR) $(LAB_ARGS)

test: setup-test ## Formatting, lints, walls, documentation, all tests, browser tests
	@scripts/test.sh

quick: ## The fast tests only: no namespaces, no browser
	@cargo nextest run --release --workspace --exclude ets-tests

bench: setup-test ## Ours and the peers side by side, ratios printed
	@scripts/bench.sh

soak: setup-test ## The long runs at full size
	@scripts/soak.sh

lint: setup-test ## Formatting, clippy, licences, documentation
	@scripts/lint.sh

fmt: ## Formats the code
	@cargo fmt --all

clean: ## Removes what was built
	@cargo clean
	@rm -rf $(LAB_DIR) tests/browser/node_modules
