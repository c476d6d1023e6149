#!/usr/bin/env bash
# The official MCP conformance suites against examples/conformance_client.rs: one line per scenario; the last line is JSON, as
# {"0.1.16":[passed,total],…}. With --json that line is all there is on standard output. Fails when a scenario does that must not.
# CLIENT=COMMAND tests another client; OUT=FOLDER, which must not exist yet, keeps what each scenario saw.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/node.sh

[[ $# == 0 || "$*" == --json ]] || { echo "usage: scripts/conformance.sh [--json]" >&2; exit 2; }
json=${1:-}
STABLE=0.1.16
NEXT=0.2.0-alpha.12
[[ -z "${OUT:-}" || ! -e "$OUT" ]] || { echo "\`$OUT\` exists: name a new folder with OUT" >&2; exit 2; }
scratch=$(mktemp -d)
out=${OUT:-$scratch/out}

# Each suite is a process group of its own, so that it ends with all that it started.
stop() {
    for job in $(jobs -p); do
        kill -- "-$job" 2> /dev/null || true
    done
    wait 2> /dev/null
    rm -rf "$scratch"
}
trap stop EXIT
set -m

build() {
    cargo build --locked --quiet --example conformance_client >&2
    CLIENT="${CARGO_TARGET_DIR:-target}/debug/examples/conformance_client"
    CLIENT=$(realpath "$CLIENT")
}

# The suites look at no exit code when they run many scenarios, so it is kept, and they leave behind a client that hangs.
wrap() {
    cat > "$scratch/client" <<'WRAPPER'
#!/usr/bin/env bash
timeout --kill-after=1 40 $CLIENT "$@"
code=$?
mkdir -p "$(dirname "$EXITS/$MCP_CONFORMANCE_SCENARIO")"
echo "$code" > "$EXITS/$MCP_CONFORMANCE_SCENARIO.exit"
exit "$code"
WRAPPER
    chmod +x "$scratch/client"
}

suite() { # <name> <version of the suites> <argument>...
    node_packages "conformance-$2" "@modelcontextprotocol/conformance@$2"
    mkdir -p "$out/$1"
    # it fails when a scenario does, which is judged below
    EXITS="$out/$1" node "$node_modules/@modelcontextprotocol/conformance/dist/index.js" client \
        --command "$scratch/client" --timeout 45000 --output-dir "$out/$1" "${@:3}" < /dev/null >> "$out/$1/log.txt" 2>&1 || true
}

node_path
[[ -n "${CLIENT:-}" ]] || build
export CLIENT
wrap
suite 0.1.16 "$STABLE" --suite all &
suite 2025-11-25 "$NEXT" --suite all --spec-version 2025-11-25 &
wait
suite 2026-07-28 "$NEXT" --suite all --spec-version 2026-07-28 &
suite extensions "$NEXT" --suite extensions &
wait
# it minds when a client comes back late, so it must not share the machine with others
rm -rf "$out"/0.1.16/sse-retry*
suite 0.1.16 "$STABLE" --scenario sse-retry &
wait

python3 - "$out" "$json" <<'PYTHON'
import json, pathlib, re, sys

TOTALS = {"0.1.16": 26, "2025-11-25": 19, "2026-07-28": 33, "extensions": 6}
# It serves metadata of an issuer `…/oauth` as if they were those of the server's own origin, and asks for a token from there. RFC 8414,
# section 3.3, forbids that, and the next version of the suites has corrected the scenario. A client that passes it is unsafe.
MUST_NOT_PASS = {("0.1.16", "auth/2025-03-26-oauth-metadata-backcompat")}
# The scenarios that let a client give up with an error (`allowClientError`).
MAY_GIVE_UP = {
    "auth/scope-retry-limit", "auth/resource-mismatch", "auth/iss-supported-missing", "auth/iss-wrong-issuer",
    "auth/iss-unexpected", "auth/iss-normalized", "auth/metadata-issuer-mismatch", "http-invalid-tool-headers",
}

out, lines = pathlib.Path(sys.argv[1]), sys.stderr if sys.argv[2] else sys.stdout


def complaints(folder, scenario, file):
    checks = json.loads(file.read_text(encoding="utf-8"))
    for check in checks:
        if check["status"] in ("FAILURE", "WARNING"):
            yield f'{check["status"].lower()} {check["id"]}: {check.get("errorMessage") or check["description"]}'
    if not any(check["status"] == "SUCCESS" for check in checks):
        yield "no check succeeded"
    code = folder / f"{scenario}.exit"
    code = code.read_text().strip() if code.exists() else "missing"
    if code != "0" and not (scenario in MAY_GIVE_UP and code not in ("missing", "124", "137", "101")):
        said = (file.parent / "stderr.txt").read_text(encoding="utf-8").strip().splitlines()
        yield f"exit code {code}: {said[-1] if said else 'without a word'}"


failed, counts = False, {}
for suite, total in TOTALS.items():
    folder, passed, seen = out / suite, 0, 0
    for file in sorted(folder.rglob("checks.json")):
        scenario = re.sub(r"-\d{4}-\d\d-\d\dT[^/]*$", "", str(file.parent.relative_to(folder)))
        wrong = list(dict.fromkeys(complaints(folder, scenario, file)))
        seen, passed = seen + 1, passed + (not wrong)
        must_not = (suite, scenario) in MUST_NOT_PASS
        failed |= bool(wrong) != must_not
        verdict = {(True, False): "FAIL", (True, True): "refused", (False, True): "UNSAFE"}.get((bool(wrong), must_not), "pass")
        print(f"{verdict:7} {suite} {scenario}", *(f"\n        {line[:300]}" for line in wrong), sep="", file=lines)
    if seen != total:
        failed = True
        log = folder / "log.txt"
        print(f"FAIL    {suite}: {seen} of {total} scenarios ran", file=lines)
        print(log.read_text(encoding="utf-8")[-2000:] if log.exists() else "the suite could not be set up", file=lines)
    counts[suite] = [passed, total]
print(json.dumps(counts, separators=(",", ":")), flush=True)
sys.exit(failed)
PYTHON
