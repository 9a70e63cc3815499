#!/usr/bin/env bash
# Ours and the peers side by side in one run; prints the ratios.
set -euo pipefail
cargo run --release --locked -p ets-probe --example probe_bench -- all
cargo run --release --locked -p ets-dataplane --example forward_bench
cargo build --release --locked -p ets-access -p ets-gateway --examples
cargo test --release --locked -p ets-tests --test hub proxy:: -- --ignored --nocapture
cargo test --release --locked -p ets-tests --test hub tunnels:: -- --ignored --nocapture
