#!/usr/bin/env bash
# What the boundary stops in AgentDojo when the model is hostile, without a model: the tables of examples/agentdojo/README.md. Sets up a
# pinned AgentDojo from PyPI in $ABIDE_TOOLS (default target/tools); needs Python 3.11 or newer. Half an hour; with `grade` (ten minutes)
# or `infer`, one study only.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

example=examples/agentdojo
folder=${ABIDE_TOOLS:-target/tools}/agentdojo
mkdir -p "$folder"
(
    flock 9
    cmp --quiet "$example/requirements.txt" "$folder/installed" && exit 0
    rm -rf "$folder/venv" "$folder/installed"
    python3 -m venv "$folder/venv"
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$example/requirements.txt" >&2
    cp "$example/requirements.txt" "$folder/installed"
) 9> "$folder/lock"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cargo build --locked --bin abide
study() { "$folder/venv/bin/python" -B "$example/study.py" "$@" --abide "${CARGO_TARGET_DIR:-target}/debug/abide"; }

study export "$scratch/episodes.jsonl"
for one in ${1:-grade infer}; do
    study "$one" "$scratch/episodes.jsonl"
done
