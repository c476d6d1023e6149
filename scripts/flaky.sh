#!/usr/bin/env bash
# Looks for tests that fail by chance: scripts/flaky.sh [rounds, 20] [test binary...]
# Runs each test binary of the workspace (or those named: abide, it, abide_testbed, ...) so often at 1, 2 and 8 threads, beside a busy
# loop on one core. Can be interrupted: rounds that passed are in FLAKY_DONE and are not repeated while the binary is the same.
# Tests of laws try the inputs of PROPTEST_RNG_SEED (1), as under cargo; another number for each run looks for more.
# Prints the end of each failure, which stands whole in the folder of FLAKY_DONE; fails when there was one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export PROPTEST_RNG_SEED=${PROPTEST_RNG_SEED:-1}
rounds=${1:-20}
wanted=("${@:2}")
passed=${FLAKY_DONE:-${CARGO_TARGET_DIR:-$PWD/target}/flaky/passed}
mkdir -p "$(dirname "$passed")"
touch "$passed"

mapfile -t binaries < <(cargo test --locked --workspace --no-run --message-format=json |
    python3 -c 'import json, os, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("executable") and message["profile"]["test"]:
        print(message["target"]["name"], message["executable"], os.path.dirname(message["manifest_path"]))')
[ "${#binaries[@]}" -gt 0 ]

while :; do :; done &
busy=$!
trap 'kill "$busy"' EXIT

failures=0
for ((round = 1; round <= rounds; round++)); do
    for entry in "${binaries[@]}"; do
        read -r name binary folder <<<"$entry"
        [ "${#wanted[@]}" -eq 0 ] || [[ " ${wanted[*]} " == *" $name "* ]] || continue
        digest=$(sha256sum <"$binary" | cut -c1-16)
        for threads in 1 2 8; do
            key="$digest $round $threads"
            grep -qxF "$key" "$passed" && continue
            log="$(dirname "$passed")/$name-$round-$threads.log"
            start=$SECONDS
            if (cd "$folder" && RUST_BACKTRACE=0 "$binary" --test-threads "$threads" >"$log" 2>&1); then
                echo "$key" >>"$passed"
                printf '%s, round %d, %d threads: passed in %d s\n' "$name" "$round" "$threads" "$((SECONDS - start))"
                rm "$log"
            else
                failures=$((failures + 1))
                printf '%s, round %d, %d threads: FAILED, see %s\n' "$name" "$round" "$threads" "$log"
                sed -n '/^failures:/,$p' "$log" | tail -n 40
            fi
        done
    done
done
printf '%d failures\n' "$failures"
[ "$failures" -eq 0 ]
