#!/bin/sh
# Moves the tag that workflows name (v0 for v0.3.1) to the commit of a release, unless a newer release has it.
#
# Usage: requirements/move-tag.sh TAG COMMIT
#
# Works on GitHub through `gh`, with GITHUB_REPOSITORY as the repository. A release candidate moves nothing.
set -eu

tag=$1
commit=$2
moving=${tag%%.*}
refs=repos/$GITHUB_REPOSITORY/git

newest=$(gh api --paginate "$refs/matching-refs/tags/$moving." --jq '.[].ref' | sed 's|^refs/tags/||' |
    grep -E '^v[0-9]+\.[0-9]+\.[0-9]+$' | sort -V | tail -n 1)
if [ "$newest" != "$tag" ]; then
    printf '%s\n' "$moving stays where it is: the newest release is ${newest:-none}, not $tag."
    exit 0
fi
# The tag exists, except the first time.
gh api --silent --method PATCH "$refs/refs/tags/$moving" --raw-field sha="$commit" --field force=true ||
    gh api --silent --method POST "$refs/refs" --raw-field ref="refs/tags/$moving" --raw-field sha="$commit"
printf '%s\n' "$moving is $tag now."
