"""Text of outsiders in the log of a job of Actions: nothing of it is a command to the runner.

The runner's rules: after leading blanks `::name …::`, or anywhere in a line `##[name …]`.
"""

from __future__ import annotations

import io
import json
import logging
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.cli import streams
from orchestrator.cli.console import printable_json
from orchestrator.job_log import InertStream, inert
from orchestrator.log_format import JsonLines, configure

COMMANDS = (
    "::set-output name=token::evil",
    "  ::stop-commands::evil",
    "\t::add-mask::e",
    "text\n::add-matcher::evil.json",
    "text\r::error file=a.py::evil",
    "\u00a0::warning::evil",
    "\u3000::group::evil",
    "fine ##[set-output name=token]evil",
    "##[add-mask]e",
    "a##[group]b",
)
PIECES = st.sampled_from(
    ["::", ":", "#", "##", "[", "]", " ", "\n", "\r", "error", "x", "\t", "##[error]", "::error::"]
)


def obeyed(printed: str) -> bool:
    """As the runner reads it; it takes a line end of any kind."""
    lines = re.split(r"\r\n|\n|\r", printed)
    return any(line.lstrip().startswith("::") or "##[" in line for line in lines)


def stream() -> tuple[InertStream, io.BytesIO]:
    kept = io.BytesIO()
    return InertStream(kept, "utf-8", write_through=True), kept


@pytest.mark.parametrize("text", COMMANDS)
def test_no_text_is_a_command(text: str) -> None:
    assert obeyed(text)
    assert not obeyed(inert(text))
    assert inert(text).replace("\u200b", "") == text


@given(st.lists(st.lists(PIECES, max_size=4).map("".join), max_size=8))
def test_no_text_is_a_command_in_whatever_pieces_it_comes(pieces: list[str]) -> None:
    log, kept = stream()
    for piece in pieces:
        log.write(piece)
    printed = kept.getvalue().decode()
    assert not obeyed(printed)
    assert printed.replace("\u200b", "") == "".join(pieces)


def test_what_is_meant_as_a_command_is_one() -> None:
    log, kept = stream()
    log.write("::notice::no\n")
    log.command("::error file=a.yaml,line=1::yes")
    log.write("::notice::no\n")
    assert [line for line in kept.getvalue().decode().splitlines() if obeyed(line)] == [
        "::error file=a.yaml,line=1::yes"
    ]


def test_json_is_the_same_value_and_commands_nothing() -> None:
    value = {"message": "##[add-mask]e\n::error::x", "::error::": ["::error::"]}
    for text in (printable_json(value), printable_json(value, indent=None)):
        assert json.loads(text) == value
        assert not obeyed(text)
    record = logging.LogRecord("x", logging.ERROR, "", 0, "%s", ("##[add-mask]e\n::error::x",), None)
    line = JsonLines().format(record)
    assert not obeyed(line)
    assert json.loads(line)["message"] == "##[add-mask]e\n::error::x"


def test_all_that_the_command_line_prints_in_a_job_is_inert(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    kept = {name: io.BytesIO() for name in ("stdout", "stderr")}
    for name, buffer in kept.items():
        monkeypatch.setattr(sys, name, io.TextIOWrapper(buffer, "utf-8", write_through=True))
    level, handlers = logging.getLogger().level, logging.getLogger().handlers[:]
    streams.make_whole()
    configure(level="warning", form="console")
    for text in COMMANDS:
        print(text)
        logging.getLogger("x").warning("%s", text)
    logging.getLogger().handlers, logging.getLogger().level = handlers, level
    sys.stdout.flush()
    sys.stderr.flush()
    printed = {name: buffer.getvalue().decode() for name, buffer in kept.items()}
    assert all("evil" in text for text in printed.values())
    assert not any(map(obeyed, printed.values()))
