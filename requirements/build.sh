#!/bin/sh
# Builds the source distribution and, from it, the wheel, into `dist/`.
#
# Usage: requirements/build.sh
#
# Only what is committed goes in, README with links that lead somewhere elsewhere too; with the same commit and the same
# locked builder the files are the same, byte for byte.
#
# Uncommitted changes are an error, so that nobody publishes what no commit holds (DIRTY=1 builds the last commit all the
# same).
set -eu

cd "$(dirname "$0")/.."
python=$PWD/.venv/bin/python

say() { printf '%s\n' "$*" >&2; }

# Of what it says nothing matters, unless it fails.
build() {
    "$python" -m hatchling build -t "$1" -d "$work/dist" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
}

if [ -z "${DIRTY:-}" ] && [ -n "$(git status --porcelain)" ]; then
    say "error: there are uncommitted changes, and what is built holds commits only."
    say "  Commit or stash them; DIRTY=1 builds the last commit without them."
    exit 2
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
rm -rf dist

git archive --format=tar --prefix=checkout/ HEAD | tar -x -C "$work"
"$work/checkout/requirements/readme.sh" >"$work/README.md"
mv "$work/README.md" "$work/checkout/README.md"
(cd "$work/checkout" && build sdist)
# The wheel is made from the source distribution, so that this one is known to be whole.
mkdir "$work/unpacked"
tar -x -z -f "$work"/dist/*.tar.gz -C "$work/unpacked"
(cd "$work"/unpacked/* && build wheel)
mkdir dist
mv "$work"/dist/* dist/
ls -1 dist >&2
