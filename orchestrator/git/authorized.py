"""Git that may speak for a token.

The token reaches git through a pipe: it stands in no argument, no environment, no config and no file, and is given to
the remote's own host alone, once.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from orchestrator.git.command import Command, pipe_with

if TYPE_CHECKING:
    from orchestrator.lifecycle.ports.github import Remote

_USER: Final = "x-access-token"


@contextmanager
def authorized(git: Command, remote: Remote) -> Iterator[Command]:
    """The same git, told the token when the remote's host asks for it."""
    if not remote.token:
        yield git
        return
    with pipe_with(f"username={_USER}\npassword={remote.token}\n".encode()) as token:
        parts = urlsplit(remote.url)
        helper = f'!f() {{ test "$1" = get && cat /dev/fd/{token.fileno()}; }}; f'
        asked = git.having(settings={f"credential.{parts.scheme}://{parts.netloc}.helper": helper})
        yield replace(asked, descriptors=(token.fileno(),))
