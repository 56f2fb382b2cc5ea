#!/bin/sh
# Puts GitHub's own description of its REST API into `.venv/github`, and examples of the webhooks that it sends, as
# requirements/github/package-lock.json pins them. Tests check with the one every exchange with their stand-in for
# GitHub, and begin with the other.
#
# Usage: requirements/github.sh
#
# A second run with the same lock is a no-op; an interrupted one starts afresh. Without Node what tests exchange goes
# unchecked; continuous integration (CI set) fails instead, so that nobody mistakes that for a pass.
set -eu

cd "$(dirname "$0")/.."
lock=requirements/github
place=.venv/github
stamp=$place/installed

key=$(cat "$lock"/package*.json | cksum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$key" ]; then
    exit 0
fi

say() { printf '%s\n' "$*" >&2; }

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    if [ -n "${CI:-}" ]; then
        say "error: the tests with GitHub's API need Node.js and npm, which are not on PATH."
        exit 2
    fi
    say "Without Node.js and npm on PATH, the checks against GitHub's description of its API will be skipped."
    exit 0
fi

say "Installing GitHub's description of its API and of webhooks into $place (15 MB)"
rm -rf "$place"
mkdir -p "$place"
cp "$lock/package.json" "$lock/package-lock.json" "$place"
cd "$place"
npm ci --ignore-scripts --engine-strict=false --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null
# The package has 380 MB of other editions of the same.
mv node_modules/@octokit/openapi/generated/api.github.com.json .
mv node_modules/@octokit/webhooks-examples/api.github.com/index.json webhooks.json
rm -rf node_modules
printf '%s\n' "$key" >installed
