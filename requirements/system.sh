#!/bin/sh
# Installs the system's packages that tests need and no registry of a language has: bubblewrap, for agents' sandboxes.
#
# Usage: requirements/system.sh
#
# Only root on Debian and its kin gets them installed. Elsewhere the tests that need one are skipped; continuous
# integration (CI set) fails instead, so that nobody mistakes that for a pass. macOS has no such sandbox at all.
set -eu

if [ "$(uname -s)" != Linux ] || command -v bwrap >/dev/null; then
    exit 0
fi

say() { printf '%s\n' "$*" >&2; }

install() {
    DEBIAN_FRONTEND=noninteractive apt-get install --quiet --quiet --yes --no-install-recommends bubblewrap >/dev/null
}

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "Installing bubblewrap"
    # A machine that is new, or long unused, does not know what there is to install.
    install 2>/dev/null || { apt-get update --quiet --quiet >/dev/null && install; } || true
fi
if ! command -v bwrap >/dev/null; then
    if [ -n "${CI:-}" ]; then
        say "error: the tests of sandboxes need bubblewrap (bwrap), which is not on PATH."
        exit 2
    fi
    say "Without bubblewrap (bwrap) on PATH, the tests of sandboxes will be skipped."
fi
