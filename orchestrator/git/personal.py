"""The git config of whoever runs Mycelium, for the few commands that need something of it.

`Command` reads none, so that nobody's config decides what happens. Who makes commits, how a network is reached and
which folders are trusted stands nowhere else.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from orchestrator.git.command import Command


def as_configured(git: Command, environ: Mapping[str, str]) -> Command:
    """Git that finds the config of the user of `environ` by its own rule: what `GIT_CONFIG_GLOBAL` names, else
    `~/.gitconfig` and `git/config` below `XDG_CONFIG_HOME` (`~/.config`) both. See git-config, Files.
    """
    places = {name: environ.get(name) for name in ("XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL")}
    return git.having({"HOME": environ.get("HOME", os.devnull), **places})
