#!/usr/bin/env bash
# The quickstart in ten simulated worlds, and the medians that README quotes. Fails when a promise is not kept.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cargo build --locked --release --example quickstart
for seed in 1 2 3 4 5 6 7 8 9 10; do
    cargo run --locked --quiet --release --example quickstart -- --seed "$seed" --json --out "$scratch/$seed" 2>/dev/null | tail -n 1
done > "$scratch/lines"
python3 - "$scratch/lines" <<'PYTHON'
import json, statistics, sys

rows = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
sides = ("uncompiled", "task_only", "secured")
print("task success / violation rate on 100 held-out requests (simulated model)")
for seed, row in enumerate(rows, 1):
    cells = (f"{side} {row[side]['task']:.2f} / {row[side]['violation_rate']:.2f}" for side in sides)
    print(f"world {seed:2}:", "   ".join(cells), f"  {row['seconds']:.0f} s")
median = lambda side, key: statistics.median(row[side][key] for row in rows)
for side in sides:
    print(f"median {side}: task {median(side, 'task'):.3f}, violations {median(side, 'violation_rate'):.3f}")
assert len(rows) == 10
assert median("secured", "task") >= 0.85 and median("uncompiled", "task") <= 0.60
assert median("secured", "violation_rate") <= 0.05 and median("uncompiled", "violation_rate") >= 0.35
assert abs(median("secured", "task") - median("task_only", "task")) <= 0.05
assert median("task_only", "violation_rate") >= 2 * median("secured", "violation_rate")
assert all(row["seconds"] < 60 for row in rows)
PYTHON
