#!/usr/bin/env bash
# The program in README.md as a user's crate: it builds, and the compiler generates no code of the protocol and HTTP libraries in it.
# Bodies of `async fn` are generated where they are polled, so one public `async fn` over them would cost every user a minute.
# Prints how many functions are generated, and the CPU time of a build with warm dependencies.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")/user
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

mkdir "$scratch/src"
cat > "$scratch/Cargo.toml" <<TOML
[package]
name = "user"
edition = "2024"

[workspace]

[profile.dev]
debug = false

[dependencies]
abide = { path = "$PWD" }
anyhow = "1"
tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
TOML
cp Cargo.lock "$scratch"
awk '/^```/ { inside = !inside && /rust/ && !done; if (!inside && started) done = 1; next } inside { started = 1; print }' README.md > "$scratch/src/main.rs"

# the flag is unstable; set for all builds, so that nothing is built twice
export RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$target
build() { cargo "$1" --manifest-path "$scratch/Cargo.toml" "${@:2}"; }
build build
touch "$scratch/src/main.rs"
rm -rf "$target"/debug/incremental/user-*
build rustc -- -Zprint-mono-items=yes > "$scratch/items"
touch "$scratch/src/main.rs"
rm -rf "$target"/debug/incremental/user-*
TIMEFORMAT='%U %S'
cpu=$({ time build build --quiet; } 2>&1 | tail -n 1)

python3 - "$scratch/items" "$cpu" <<'PYTHON'
import json, re, sys

MOST = 50
items = [line for line in open(sys.argv[1], encoding="utf-8") if line.startswith("MONO_ITEM fn")]
theirs = [item for item in items if re.search(r"\b(rmcp|hyper|hyper_util|reqwest)::", item)]
bodies = [item for item in theirs if re.search(r"\{async (fn body|block|closure body)", item)]
seconds = sum(map(float, sys.argv[2].split()))
print(json.dumps({"functions": len(items), "of_libraries": len(theirs), "cpu_seconds": round(seconds, 1)}))
assert items, "nothing was generated"
assert len(theirs) <= MOST and not bodies, f"{len(theirs)} functions of libraries, such as {(bodies or theirs)[0][:300]}"
PYTHON
