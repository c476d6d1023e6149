#!/usr/bin/env bash
# Cedar policies that were exported decide as the guard does; with the real engine, which is in no other build.
set -euo pipefail
cd "$(dirname "$0")/.."
# what both workspaces need alike is built once
cargo test --locked --manifest-path cedar/Cargo.toml --target-dir "${CARGO_TARGET_DIR:-target}" "$@"
