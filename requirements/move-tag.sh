#!/bin/sh
# Moves the tag that workflows name (v0 for v0.3.1) to the commit of a release, unless a newer release has it.
#
# Usage: requirements/move-tag.sh TAG COMMIT
#
# Works on GitHub through `gh`, with GITHUB_REPOSITORY as the repository. A release candidate moves nothing, and a tag that
# became no release holds nothing back.
set -eu

tag=$1
commit=$2
moving=${tag%%.*}
repository=repos/$GITHUB_REPOSITORY
refs=$repository/git

# Not the tags: one whose release was rejected or failed is a tag too. The list may not have this release yet.
releases=$(gh api --paginate "$repository/releases" --jq '.[] | "\(.tag_name) \(.draft)"')
newest=$(printf '%s\n' "$tag false" "$releases" | grep -E "^$moving\.[0-9]+\.[0-9]+ false$" | sort -V | tail -n 1)
newest=${newest% false}
if [ "$newest" != "$tag" ]; then
    printf '%s\n' "$moving stays where it is: the newest release is ${newest:-none}, not $tag."
    exit 0
fi
# The tag exists, except the first time.
names=$(gh api --paginate "$refs/matching-refs/tags/$moving" --jq '.[].ref')
if printf '%s\n' "$names" | grep -Fqx "refs/tags/$moving"; then
    set -- --method PATCH "$refs/refs/tags/$moving" --field force=true
else
    set -- --method POST "$refs/refs" --raw-field ref="refs/tags/$moving"
fi
if ! said=$(gh api --silent "$@" --raw-field sha="$commit" 2>&1); then
    {
        printf '%s\n' "error: GitHub does not let this job move $moving: $said"
        printf '%s\n' "  All else of $tag is published. From a clone with the rights of a maintainer:"
        printf '%s\n' "  git push --force origin $tag^{commit}:refs/tags/$moving"
    } >&2
    exit 1
fi
printf '%s\n' "$moving is $tag now."
