"""The step that has a machine confine agents: GitHub's images lack bubblewrap, and AppArmor keeps it from working."""

from __future__ import annotations

from typing import Final

SCRIPT: Final = """\
works() { bwrap --unshare-all --ro-bind / / true; }
get() { sudo -n apt-get -qq update && sudo -n apt-get -qq -y install --no-install-recommends bubblewrap; }
allow() { sudo -n sysctl -w kernel.apparmor_restrict_unprivileged_userns=0; }
works || { command -v bwrap || get; works || allow; works; } || echo "::warning::agents run unconfined here"
"""
"""Does nothing where bubblewrap works. Where it cannot be had, it warns and succeeds."""

STEP: Final = (
    "      # What confines agents: images of GitHub lack bubblewrap, and AppArmor keeps it from making namespaces.",
    "      - name: Sandbox for agents",
    "        run: |",
    *(f"          {line}" for line in SCRIPT.splitlines()),
)
