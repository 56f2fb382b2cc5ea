#!/bin/sh
# Installs the system's packages that tests need and no registry of a language has: bubblewrap, for agents' sandboxes; and
# sees whether it works here.
#
# Usage: requirements/system.sh
#
# Only root on Debian and its kin gets them installed. Elsewhere the tests that need one are skipped; continuous
# integration (CI set) fails instead, so that nobody mistakes that for a pass. macOS has no such sandbox at all.
set -eu

if [ "$(uname -s)" != Linux ]; then
    exit 0
fi

say() { printf '%s\n' "$*" >&2; }

install() {
    DEBIAN_FRONTEND=noninteractive apt-get install --quiet --quiet --yes --no-install-recommends bubblewrap >/dev/null
}

# Says why sandboxes cannot be tried, and what follows from it.
without() {
    if [ -n "${CI:-}" ]; then
        say "error: the tests of sandboxes need bubblewrap (bwrap), which $1"
        exit 2
    fi
    say "The tests of sandboxes will be skipped: they need bubblewrap (bwrap), which $1"
    exit 0
}

if ! command -v bwrap >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "Installing bubblewrap"
    # A machine that is new, or long unused, does not know what there is to install.
    install 2>/dev/null || { apt-get update --quiet --quiet >/dev/null && install; } || true
fi
command -v bwrap >/dev/null || without "is not on PATH."
why=$(bwrap --unshare-pid --unshare-net --ro-bind / / --proc /proc --dev /dev true 2>&1) ||
    without "does not work here: $why (kernel.apparmor_restrict_unprivileged_userns=0 may help)"
