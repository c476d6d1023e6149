#!/usr/bin/env bash
# Drives every fault of tests/it/faults.rs for 20 s with 64 runs in flight, each in a process of its own, and prints what came of it.
# Fails when a run is lost, a call is made without a valid token, a write is made twice, or memory or recovery are out of bounds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

binary=$(cargo test --locked --workspace --test it --no-run --message-format=json |
    python3 -c 'import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("executable") and message["target"]["name"] == "it":
        print(message["executable"])')
mapfile -t names < <("$binary" --list --ignored faults:: | sed -n 's/: test$//p')
[ "${#names[@]}" -gt 0 ]

# most of the time they wait, so several at once do not disturb each other
export binary scratch
printf '%s\n' "${names[@]}" | xargs -P 5 -I{} bash -c \
    'RUST_BACKTRACE=0 "$binary" --exact "$1" --ignored --nocapture > "$scratch/$1.log" 2>&1 || echo "$1" >> "$scratch/failed"' _ {}

python3 - "$scratch" <<'PYTHON'
import glob, sys

head = ("fault", "runs", "calls", "ok", "infra", "deadline", "limited", "429s", "writes", "twice", "tokens", "connections", "recovery ms", "RSS +KiB")
rows = [head]
for log in sorted(glob.glob(sys.argv[1] + "/*.log")):
    with open(log, encoding="utf-8") as lines:
        rows += [tuple(line.rstrip("\n").split("\t")[1:]) for line in lines if line.startswith("fault\t")]
widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
for row in rows:
    print("  ".join(cell.ljust(width) if column == 0 else cell.rjust(width) for column, (cell, width) in enumerate(zip(row, widths))))
PYTHON
if [ -e "$scratch/failed" ]; then
    while read -r name; do
        printf '\n%s failed:\n' "$name"
        tail -n 30 "$scratch/$name.log"
    done < "$scratch/failed"
    exit 1
fi
