#!/bin/sh
# Prints what CHANGELOG.md says of a version, for the page of its release.
#
# Usage: requirements/release-notes.sh VERSION
#
# A version that CHANGELOG.md does not know is an error: it comes before the first thing that cannot be taken back.
set -eu

cd "$(dirname "$0")/.."
notes=$(awk -v heading="## [$1]" '
    index($0, "## ") == 1 { wanted = index($0, heading) == 1; next }
    wanted { print }
' CHANGELOG.md)
if [ -z "$(printf '%s' "$notes" | tr -d '[:space:]')" ]; then
    printf '%s\n' "error: CHANGELOG.md has nothing under \"## [$1]\"; name the version there before it is tagged." >&2
    exit 2
fi
printf '%s\n' "$notes" | sed '1{/^$/d;}'
