# Sourced, not run. A pinned Node and pinned npm packages in a cache folder, for scripts that need a newer Node than the
# system has. npm itself is the system's:
#
#     source scripts/node.sh
#     node_path                                       # a node of $NODE_VERSION first on PATH
#     node_packages conformance-0.1 foo@1.2.3 bar@4   # sets node_modules to the folder that has them
#     node_locked smollm tests/referees/smollm        # the same, for what the package-lock.json there says
#
# The cache is $ABIDE_TOOLS, or target/tools. The functions do nothing where the cache already holds what is asked for, and
# several scripts may call them at once.

NODE_VERSION=24.21.0
node_tools=${ABIDE_TOOLS:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/target/tools}

node_path() {
    local system machine
    system=$(uname -s | tr '[:upper:]' '[:lower:]')
    machine=$(uname -m | sed -e 's/x86_64/x64/' -e 's/aarch64/arm64/')
    node_packages "node-$NODE_VERSION" "node-$system-$machine@$NODE_VERSION"
    PATH="$node_modules/node-$system-$machine/bin:$PATH"
    export PATH
    [[ "$(node --version)" == "v$NODE_VERSION" ]] || { echo "node $NODE_VERSION does not run here" >&2; return 1; }
}

node_packages() { # <folder> <package@version>...
    local folder="$node_tools/$1" packages="${*:2}"
    node_modules="$folder/node_modules"
    mkdir -p "$folder"
    (
        flock 9
        [[ "$(cat "$folder/installed" 2>/dev/null)" == "$packages" ]] && exit 0
        rm -rf "$folder/node_modules" "$folder/package.json" "$folder/package-lock.json" "$folder/installed"
        npm install --prefix "$folder" --save-exact --no-audit --no-fund --loglevel=error "${@:2}" >&2 || exit 1
        echo "$packages" > "$folder/installed"
    ) 9> "$folder/lock"
}

node_locked() { # <folder> <folder with package.json and package-lock.json>
    local folder="$node_tools/$1"
    node_modules="$folder/node_modules"
    mkdir -p "$folder"
    (
        flock 9
        cmp --quiet "$2/package-lock.json" "$folder/installed" && exit 0
        rm -rf "$folder/node_modules" "$folder/installed"
        cp "$2/package.json" "$2/package-lock.json" "$folder"
        npm ci --prefix "$folder" --cache "$folder/cache" --ignore-scripts --no-audit --no-fund --loglevel=error >&2 || exit 1
        rm -rf "$folder/cache"
        cp "$2/package-lock.json" "$folder/installed"
    ) 9> "$folder/lock"
}
