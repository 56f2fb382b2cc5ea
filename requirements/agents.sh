#!/bin/sh
# Installs the coding agents that tests run into `.venv/agents`, as requirements/agents/package-lock.json pins them.
#
# Usage: requirements/agents.sh
#
# A second run with the same lock is a no-op; an interrupted one starts afresh. Without Node the tests that need an
# agent are skipped; continuous integration (CI set) fails instead, so that nobody mistakes that for a pass.
set -eu

cd "$(dirname "$0")/.."
lock=requirements/agents
place=.venv/agents
stamp=$place/installed

key="$(cat "$lock"/package*.json | cksum) $(uname -sm)"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$key" ]; then
    exit 0
fi

say() { printf '%s\n' "$*" >&2; }

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    if [ -n "${CI:-}" ]; then
        say "error: the tests with Claude Code and Codex need Node.js and npm, which are not on PATH."
        exit 2
    fi
    say "Without Node.js and npm on PATH, the tests with Claude Code and Codex will be skipped."
    exit 0
fi

say "Installing Claude Code and Codex into $place (770 MB; half a minute the first time)"
rm -rf "$place"
mkdir -p "$place"
cp "$lock/package.json" "$lock/package-lock.json" "$place"
cd "$place"
# The user's own settings of npm must not leave programs out, nor refuse an older Node that runs them just as well.
npm ci --ignore-scripts --include=optional --engine-strict=false --no-audit --no-fund \
    --no-update-notifier --loglevel=error >/dev/null
# Newer versions of npm run a package's scripts only when told to, so that the one that is needed is called here: it
# puts the program for this machine in its place.
node node_modules/@anthropic-ai/claude-code/install.cjs
printf '%s\n' "$key" >installed
