#!/bin/sh
# Fetches the programs that read exported files back (three.js, Babylon.js, the Khronos glTF validator) into
# build/consumers, where tests/consumers look for them. Needs node 18 or later and npm.
set -eu
cd "$(dirname "$0")/../.."
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends nodejs npm
    else
        echo "tests/consumers need node and npm: install them, for example with 'sudo apt-get install nodejs npm'" >&2
        exit 1
    fi
fi
mkdir -p build/consumers
cp tests/consumers/package.json build/consumers/package.json
if ! cmp -s tests/consumers/package.json build/consumers/installed.json; then
    (cd build/consumers && npm install --no-audit --no-fund --no-package-lock --silent)
    cp tests/consumers/package.json build/consumers/installed.json
fi
