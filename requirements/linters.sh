#!/bin/sh
# Installs what checks workflow files, `action.yml` and the Dockerfile: zizmor, check-jsonschema, actionlint and hadolint
# into `.venv`, as requirements/linters.lock pins them, and GitHub's own parser into `.venv/linters`, as
# requirements/linters/package-lock.json pins it.
#
# Usage: requirements/linters.sh
#
# A second run with the same locks is a no-op; an interrupted one starts afresh. Without Node the parser is left out;
# continuous integration (CI set) fails instead, so that nobody mistakes that for a pass.
set -eu

cd "$(dirname "$0")/.."
lock=requirements/linters
place=.venv/linters
stamp=$place/installed

say() { printf '%s\n' "$*" >&2; }

have_node=yes
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    if [ -n "${CI:-}" ]; then
        say "error: checking workflow files with GitHub's parser needs Node.js and npm, which are not on PATH."
        exit 2
    fi
    have_node=no
fi

key="$(cat $lock.lock $lock/package*.json | cksum) $have_node"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$key" ]; then
    exit 0
fi

say "Installing what checks workflow files (30 MB)"
rm -rf "$place"
mkdir -p "$place"
.venv/bin/python -m pip --disable-pip-version-check --no-input install --quiet --no-deps --require-hashes \
    --requirement $lock.lock
if [ $have_node = yes ]; then
    cp $lock/package.json $lock/package-lock.json "$place"
    (cd "$place" && npm ci --ignore-scripts --engine-strict=false --no-audit --no-fund --no-update-notifier \
        --loglevel=error >/dev/null)
else
    say "Without Node.js and npm on PATH, workflow files are checked without GitHub's own parser."
fi
printf '%s\n' "$key" >"$stamp"
