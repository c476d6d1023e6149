#!/usr/bin/env bash
# Cedar policies that were exported decide as the guard does; with the real engine, which is in no other build.
set -euo pipefail
cd "$(dirname "$0")/../cedar"
cargo test --locked "$@"
