#!/bin/sh
# Fetches the programs that read exported files back: three.js, Babylon.js and the Khronos glTF validator (npm), Blender
# as a module (PyPI, for Python 3.11), assimp and Godot (Debian, as root). They go into build/consumers, where
# tests/consumers look for them. Needs node 18 or later, npm and a C++ compiler; says what is missing.
set -eu
cd "$(dirname "$0")/../.."
python="${PYTHON:-.venv/bin/python}"
shared="${MIEN_SHARED:-../shared}"
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    missing=""
    for package in nodejs npm g++ libassimp-dev godot3-server; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
    done
    command -v node >/dev/null && command -v npm >/dev/null && missing="$(echo "$missing" | sed 's/ nodejs//; s/ npm//')"
    if [ -n "$missing" ]; then
        apt-get update -qq
        # shellcheck disable=SC2086  # a list of names
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
    fi
fi
for program in node npm g++ godot3-server; do
    command -v "$program" >/dev/null || echo "tests/consumers: $program is missing, its tests are left out" >&2
done
mkdir -p build/consumers
if command -v npm >/dev/null && ! cmp -s tests/consumers/package.json build/consumers/installed.json; then
    cp tests/consumers/package.json build/consumers/package.json
    (cd build/consumers && npm install --no-audit --no-fund --no-package-lock --silent)
    cp tests/consumers/package.json build/consumers/installed.json
fi
if [ ! -f build/consumers/bpy/installed ] && "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
    rm -rf build/consumers/bpy
    "$python" -m pip install -q --no-deps --target build/consumers/bpy bpy==5.0.1
    touch build/consumers/bpy/installed
fi
source="$shared/consumers/assimp_read.cpp"
# Not `-nt` alone: dash says no where the second file is not there yet.
if [ -f "$source" ] && command -v g++ >/dev/null \
        && { [ ! -f build/consumers/assimp_read ] || [ "$source" -nt build/consumers/assimp_read ]; }; then
    g++ -O1 -o build/consumers/assimp_read "$source" -lassimp
fi
