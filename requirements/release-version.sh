#!/bin/sh
# Prints the version that a tag releases, and sees that the project says the same of itself.
#
# Usage: requirements/release-version.sh TAG
set -eu

cd "$(dirname "$0")/.."
version=${1#v}
said=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' orchestrator/__init__.py)
if [ "v$version" != "$1" ] || [ "$version" != "$said" ]; then
    printf '%s\n' "error: the tag $1 does not fit version $said of orchestrator/__init__.py; it would have to be v$said." >&2
    exit 2
fi
printf '%s\n' "$version"
