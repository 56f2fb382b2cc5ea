"""What a node writes into the files of GitHub Actions: GITHUB_OUTPUT, GITHUB_ENV, GITHUB_STEP_SUMMARY."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

OUTPUT_LIMIT = 1_048_576
SUMMARY_LIMIT = 1_048_576


class BadOutput(Exception):
    """A file that does not follow the format; the message names the file's variable and the line."""


def read_file(path: Path, *, limit: int) -> tuple[str, bool]:
    """The text of a file a node wrote, at most `limit` bytes of it, and whether there was more.

    The node may have put anything there: only a regular file is read, without following a link or waiting on a pipe.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return "", False
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return "", False
        content = file.read(limit + 1)
    return content[:limit].decode("utf-8", "replace"), len(content) > limit


def read_values(path: Path, variable: str) -> dict[str, str]:
    """The `name=value` lines and heredocs of the file that `$variable` names."""
    text, more = read_file(path, limit=OUTPUT_LIMIT)
    if more:
        raise BadOutput(f"more than 1 MiB was written to ${variable}; keep large results as artifacts")
    return parse_values(text, variable)


def parse_values(text: str, variable: str) -> dict[str, str]:
    """GitHub's format: `name=value`, or `name<<DELIMITER`, lines, `DELIMITER`. The last value of a name counts."""
    lines = iter(enumerate(text.replace("\r\n", "\n").split("\n"), start=1))
    values: dict[str, str] = {}
    for number, line in lines:
        if line:
            name, value = _entry(line, lines, f"${variable}, line {number}")
            values[name] = value
    return values


def _entry(line: str, following: Iterator[tuple[int, str]], where: str) -> tuple[str, str]:
    equals, heredoc = line.find("="), line.find("<<")
    if equals >= 0 and (heredoc < 0 or equals < heredoc):
        name, value = line[:equals], line[equals + 1 :]
    elif heredoc >= 0:
        name, delimiter = line[:heredoc], line[heredoc + 2 :]
        if not delimiter:
            raise BadOutput(f"{where}: the delimiter after `<<` is missing")
        value = _heredoc(delimiter, following, where)
    else:
        raise BadOutput(f"{where}: `{line[:80]}` is neither `name=value` nor `name<<DELIMITER`")
    if not name.strip():
        raise BadOutput(f"{where}: the name is missing")
    return name.strip(), value


def _heredoc(delimiter: str, following: Iterator[tuple[int, str]], where: str) -> str:
    lines: list[str] = []
    for _, line in following:
        if line == delimiter:
            return "\n".join(lines)
        lines.append(line)
    raise BadOutput(f"{where}: no line `{delimiter[:80]}` ends the value")
