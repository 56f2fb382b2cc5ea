"""The tags of a repository elsewhere that anybody may read: nobody's credentials are used, and nobody is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from orchestrator.errors import MyceliumError
from orchestrator.git.command import find_git

_PROXIES: Final = (
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"),
    *("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"),
)
_SECONDS: Final = 8.0
"""Nobody waits longer for something that can be had later too."""
_MOST_BYTES: Final = 1_000_000
_LINE: Final = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64})\trefs/tags/(\S+?)(\^\{\})?")


def published_tags(url: str, pattern: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The commits of the tags that match `pattern`, by name; none where nobody answers in time.

    An annotated tag counts as the commit that it is about.
    """
    reaching = {name: environ[name] for name in _PROXIES if name in environ}
    allowed = {f"protocol.{name}.allow": "always" for name in ("file", "https")}
    try:
        git = replace(find_git(environ), timeout_seconds=_SECONDS).having(reaching, settings=allowed)
        said = git.run("ls-remote", "--tags", "--", url, f"refs/tags/{pattern}", limit=_MOST_BYTES).line
    except MyceliumError:
        return {}
    found = [match for line in said.splitlines() if (match := _LINE.fullmatch(line))]
    # What a tag is peeled to comes behind the tag, but nobody promises that.
    return {match[2]: match[1] for match in sorted(found, key=lambda match: bool(match[3]))}
