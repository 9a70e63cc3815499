#!/usr/bin/env bash
# All of `make test`, in the order in which a fault is cheapest to learn.
set -euo pipefail
export CARGO_TERM_COLOR=never
step() { printf '\n== %s (%s s)\n' "$1" "$SECONDS"; }

scripts/lint.sh
step "building the hub, optimised"
cargo build --release --locked
step "tests of every room and of the whole star"
cargo nextest run --release --locked --workspace
step "pages in a real browser"
scripts/browser.sh
step "all done"
