#!/bin/sh
# What Qt and OpenGL need from the system. Root on Debian: installed here; elsewhere: said.
set -eu

packages="libegl1 libgl1 libglx0 libgl1-mesa-dri libdbus-1-3 libfontconfig1 libfreetype6 libglib2.0-0 libpulse0
libxkbcommon-x11-0 libx11-xcb1 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0
libxcb-render-util0 libxcb-shape0 libxcb-shm0 libxcb-sync1 libxcb-xfixes0 libxcb-xkb1 xvfb xauth fonts-dejavu-core"

command -v dpkg-query >/dev/null 2>&1 || exit 0   # not Debian: `mien doctor` says what is missing
missing=""
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ]; then
    apt-get update -q
    # shellcheck disable=SC2086  # a list of names
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
else
    echo "missing system packages; run: sudo apt-get install$missing" >&2
fi
