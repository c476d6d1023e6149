#!/usr/bin/env bash
# The public API of each crate as docs/public-api/ keeps it: fails with the difference, `--write` keeps what there is now. Types of other
# projects in it are those of FOREIGN: a new one ties users to its versions.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

VERSION=0.52.0
CRATES=(abide abide-base abide-cli abide-credentials abide-guard abide-lm abide-mcp abide-net abide-optimizers abide-review abide-signatures)
FOREIGN=(alloc core std bytes futures_core http ipnet opentelemetry rand schemars serde serde_core serde_json url zeroize)

tools=$(realpath -m "${ABIDE_TOOLS:-${CARGO_TARGET_DIR:-target}/tools}")/public-api
export PATH="$tools/bin:$PATH"
[[ "$(cargo public-api --version 2>/dev/null)" == "cargo-public-api $VERSION" ]] ||
    cargo install cargo-public-api --locked --force --version "$VERSION" --root "$tools"

# the listing is made of unstable output of the stable compiler; the folder is that of scripts/user_crate.sh, which needs the same
export RUSTC_BOOTSTRAP=1 CARGO_PROFILE_DEV_DEBUG=false
CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")/user
export CARGO_TARGET_DIR
now=$(mktemp -d)
trap 'rm -rf "$now"' EXIT

for crate in "${CRATES[@]}"; do
    # without what the compiler derives and what every type has
    cargo public-api --package "$crate" --all-features -sss > "$now/$crate.txt" 2> "$now/log" || { cat "$now/log" >&2; exit 1; }
done
rm "$now/log"

failed=0
python3 - "$now" "${FOREIGN[@]}" <<'PYTHON' || failed=1
import pathlib, re, sys

folder, known = pathlib.Path(sys.argv[1]), set(sys.argv[2:])
strays = set()
for listing in folder.iterdir():
    for path in re.findall(r"(?<![\w:])[a-z_0-9]+(?:::\w+)+", listing.read_text(encoding="utf-8")):
        root = path.split("::")[0]
        if root not in known and not root.startswith(("abide", "f64")):
            strays.add(f"{listing.stem}: {path}")
for stray in sorted(strays):
    print(f"not in FOREIGN: {stray}", file=sys.stderr)
sys.exit(bool(strays))
PYTHON
if [[ "${1:-}" == --write ]]; then
    mkdir -p docs/public-api
    rm -f docs/public-api/*.txt
    cp "$now"/*.txt docs/public-api
else
    diff -ru docs/public-api "$now" || { echo "the public API is another one: look at it, then run \`scripts/public_api.sh --write\`" >&2; failed=1; }
fi
exit "$failed"
