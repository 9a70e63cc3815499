#!/usr/bin/env bash
# All of `make test`, in the order in which a fault is cheapest to learn.
set -euo pipefail
export CARGO_TERM_COLOR=never
step() { printf '\n== %s (%s s)\n' "$1" "$SECONDS"; }

scripts/lint.sh
# What is built here is tested and thrown away: line tables for a debugger cost minutes.
export CARGO_PROFILE_RELEASE_DEBUG=0
# Nor does what runs once repay optimising across the parts that a crate is compiled in.
export CARGO_PROFILE_RELEASE_LTO=off
# Programs that tests start: the lab alone; both ends of tunnels and the gateway alone between them. The
# other examples are for benches.
programs=(--example ets-lab --example gate --example tally --example crowd)
# The hub and its tests in one build: alone, the hub would be built with fewer features of what only
# tests need, and every room twice.
step "building the hub and all tests, optimised"
cargo build --release --locked --workspace --bins --tests "${programs[@]}"
step "tests of every room and of the whole star"
cargo nextest run --release --locked --workspace --lib --bins --tests
step "pages in a real browser"
scripts/browser.sh
step "all done"
