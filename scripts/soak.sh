#!/usr/bin/env bash
# The long runs of the star at the size the requirements name; hours, not minutes.
# CI runs the same tests at a smaller size, which each of them prints. A suite that fails keeps none of the
# others from running.
set -uo pipefail
failed=0
cargo build --release --locked || exit 1
long='test(scale::) + test(detection::) + test(faults::) + test(isolation::) + test(attacks::)'
long="$long + test(lockout::) + test(exactness::) + test(load::) + test(open_side::) + test(abuse::)"
long="$long + test(relays::) + test(proxy_person::) + test(trouble::forgers::) + test(judges::)"
ETS_SIZE=full cargo nextest run --release --locked -p ets-tests --no-capture \
    --config-file .config/soak.toml -E "$long" || failed=1
ETS_SIZE=full ETS_TRIALS=5000 cargo nextest run --release --locked -p ets-access -p ets-ca --no-capture \
    --config-file .config/soak.toml -E 'test(scale::) + test(crash) + test(suites::)' || failed=1
# Ours beside the peers, which `make bench` has at a smaller size.
cargo build --release --locked -p ets-access -p ets-gateway --examples || failed=1
for side in proxy:: tunnels::; do
    ETS_SIZE=full cargo test --release --locked -p ets-tests --test hub "$side" -- --include-ignored --nocapture || failed=1
done
ETS_SIZE=full scripts/browser.sh tests/browser/pages.test.mjs || failed=1
exit $failed
