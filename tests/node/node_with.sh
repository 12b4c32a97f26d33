# SPDX-License-Identifier: BSD-2-Clause
# Sourced by scripts: node_with PACKAGE says whether there is a Node.js that finds an npm package where
# NODE_PATH says, or among those installed globally. Nothing is fetched.
node_with() {
    command -v node >/dev/null || return 1
    if [ -z "${NODE_PATH:-}" ] && command -v npm >/dev/null; then
        NODE_PATH=$(npm root -g)
        export NODE_PATH
    fi
    (cd / && node -e "require('$1')") 2>/dev/null
}
