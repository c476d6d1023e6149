#!/usr/bin/env bash
# Fuzzes everything that parses what comes from outside: scripts/fuzz.sh [seconds for each target, 600] [target...]
# Fails when a target crashes, breaks a promise, hangs or eats memory; what did it is then in fuzz/artifacts/<target>.
# With a nightly toolchain under AddressSanitizer, with the pinned one (or FUZZ_TOOLCHAIN=stable) without.
# FUZZ_JOBS targets run at a time (all cores); what was found out stays in FUZZ_CORPUS.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

CARGO_FUZZ_VERSION=0.13.2
seconds=${1:-600}
targets=("${@:2}")
target_dir=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
corpus=${FUZZ_CORPUS:-$target_dir/corpus}
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

tools() {
    [[ "$(cargo fuzz --version 2>/dev/null)" == "cargo-fuzz $CARGO_FUZZ_VERSION" ]] ||
        cargo install cargo-fuzz --locked --force --version "$CARGO_FUZZ_VERSION"
}

toolchain() {
    local wanted=${FUZZ_TOOLCHAIN:-nightly}
    if [[ "$wanted" == nightly ]] && rustup run nightly rustc --version >/dev/null 2>&1; then
        export RUSTUP_TOOLCHAIN=nightly
        sanitizer=address
    else
        export RUSTC_BOOTSTRAP=1
        sanitizer=none
    fi
}

build() {
    # what is fuzzed is what ships: the versions are those of the workspace
    cp Cargo.lock fuzz/Cargo.lock
    cargo fuzz build --sanitizer "$sanitizer" --target-dir "$target_dir/$sanitizer"
}

run_one() { # <target>
    local target=$1 log=$logs/$1
    local options=("-max_total_time=$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=20000 -print_final_stats=1)
    [[ -f fuzz/dictionaries/$target ]] && options+=("-dict=fuzz/dictionaries/$target")
    mkdir -p "$corpus/$target"
    local code=0
    cargo fuzz run "$target" "$corpus/$target" "fuzz/seeds/$target" --sanitizer "$sanitizer" \
        --target-dir "$target_dir/$sanitizer" -- "${options[@]}" >"$log" 2>&1 </dev/null || code=$?
    local last executions
    last=$(grep -oE 'cov: [0-9]+ ft: [0-9]+ corp: [0-9]+' "$log" | tail -n 1 || true)
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    printf '%-18s %s executions, %s\n' "$target" "${executions:-?}" "${last:-no coverage}"
    [[ $code == 0 ]] || { tail -n 60 "$log" >&2; return 1; }
}

tools
toolchain
build
((${#targets[@]})) || mapfile -t targets < <(cargo fuzz list)
export -f run_one
export seconds corpus target_dir sanitizer logs
printf '%s\n' "${targets[@]}" | xargs -P "${FUZZ_JOBS:-$(nproc)}" -I {} bash -c 'run_one {}'
