#!/usr/bin/env bash
# Abide against servers that others wrote, over the real protocols, on loopback: an authorization server (oidc-provider), MCP
# servers (of the two official SDKs, fastmcp, server-everything, server-filesystem) and a proxy (nginx). Sets up pinned versions of
# them in $ABIDE_TOOLS (default target/tools), then runs the tests, which start and stop the servers themselves:
#
#     scripts/referees.sh             # all
#     scripts/referees.sh nginx       # those with `nginx` in their name
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/node.sh

programs=tests/referees

python() { # a virtual environment with exactly the pinned packages
    local folder=$node_tools/referees-python
    mkdir -p "$folder"
    (
        flock 9
        cmp --quiet "$programs/requirements.txt" "$folder/installed" && exit 0
        rm -rf "$folder/venv" "$folder/installed"
        python3 -m venv "$folder/venv"
        "$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$programs/requirements.txt" >&2
        cp "$programs/requirements.txt" "$folder/installed"
    ) 9> "$folder/lock"
    export ABIDE_REFEREES_PYTHON=$folder/venv/bin/python
}

nginx() { # the system's, or the distribution's package, unpacked without being installed: nothing is started by it
    local folder=$node_tools/referees-nginx
    ABIDE_REFEREES_NGINX=$(PATH=$PATH:/usr/sbin:/usr/local/sbin type -P nginx || true)
    if [[ -z "$ABIDE_REFEREES_NGINX" ]]; then
        mkdir -p "$folder"
        (
            flock 9
            cd "$folder"
            [[ -x usr/sbin/nginx ]] && exit 0
            rm -f -- *.deb
            apt-get download --quiet nginx >&2 || { as_root apt-get update --quiet >&2 && apt-get download --quiet nginx >&2; }
            dpkg --extract nginx_*.deb .
        ) 9> "$folder/lock"
        ABIDE_REFEREES_NGINX=$folder/usr/sbin/nginx
    fi
    export ABIDE_REFEREES_NGINX
    "$ABIDE_REFEREES_NGINX" -v
}

as_root() {
    if [[ $(id -u) == 0 ]]; then "$@"; else sudo --non-interactive "$@"; fi
}

node_path
node_packages referees jose@6.2.17 oidc-provider@9.13.3 @modelcontextprotocol/sdk@1.32.2 \
    @modelcontextprotocol/server-everything@2026.8.31 @modelcontextprotocol/server-filesystem@2026.8.31
export NODE_PATH=$node_modules
python
nginx
# most of their time is waiting
cargo test --locked --workspace --test it -- --ignored --test-threads 4 "referees::${1:-}"
