#!/usr/bin/env bash
# Formatting, lints, licences, documentation. The walls between the rooms are a test (tests/cases/walls.rs).
set -euo pipefail
step() { printf '\n== %s (%s s)\n' "$1" "$SECONDS"; }

step "formatting"
cargo fmt --all --check
step "clippy"
cargo clippy --workspace --all-targets --release --locked -- -D warnings
step "bans, licences, sources"
cargo deny --log-level error check bans licenses sources
step "documentation"
RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" cargo doc --workspace --no-deps --document-private-items --release --locked --quiet
