#!/bin/sh
# Prints the version that a tag releases, and sees that the project says the same of itself.
#
# Usage: requirements/release-version.sh TAG
set -eu

cd "$(dirname "$0")/.."
version=${1#v}
said=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)
if [ "v$version" != "$1" ] || [ "$version" != "$said" ]; then
    printf '%s\n' "error: the tag $1 does not fit version $said of pyproject.toml; it would have to be v$said." >&2
    exit 2
fi
printf '%s\n' "$version"
