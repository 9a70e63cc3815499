#!/usr/bin/env bash
# Raises a star, runs the page tests in a real browser against it, ends it.
set -euo pipefail
cd "$(dirname "$0")/.."
hub=$PWD/target/release/ets-hub
dir=$(mktemp -d)
"$hub" lab run --segments "${SEGMENTS:-49}" --dir "$dir" >"$dir/lab.log" 2>&1 &
lab=$!
finish() {
    kill -INT "$lab" 2>/dev/null || true
    wait "$lab" 2>/dev/null || true
    rm -rf "$dir"
}
trap finish EXIT
for _ in $(seq 300); do
    [ -f "$dir/lab.json" ] && break
    kill -0 "$lab" 2>/dev/null || { cat "$dir/lab.log"; exit 1; }
    sleep 0.1
done
[ -f "$dir/lab.json" ] || { echo 'no star within 30 s:' >&2; cat "$dir/lab.log"; exit 1; }
ETS_HUB=$hub ETS_LAB_DIR=$dir ETS_LAB_JSON=$dir/lab.json node --test --test-concurrency=1 "${@:-tests/browser/}"
