"""What `mycelium init` asks in a terminal: what it was not told, and nothing else."""

from __future__ import annotations

import io
import sys

import pytest

from orchestrator.cli.exit import ended
from orchestrator.cli.program import mycelium
from tests.unit.cli.init.repository import Repository

WORKFLOWS = "Numbers or names, or none"
ENGINE = "Which program runs the agents?"
TESTS = "Which command runs the tests?"


@pytest.mark.parametrize(
    ("words", "answers", "asked", "lines"),
    [
        ((), ("4", "own", "make check"), (WORKFLOWS, ENGINE, TESTS), ("default: own", "default: make check")),
        (("--engine", "replay"), ("fix-failing-tests", ""), (WORKFLOWS, TESTS), ("default: replay",)),
        (("--template", "4", "--test", ""), ("replay",), (ENGINE,), ("default: replay",)),
        (("--template", "4", "--engine", "own", "--test", "make t"), (), (), ("default: own", "default: make t")),
    ],
)
def test_what_was_given_is_not_asked_for(
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    answers: tuple[str, ...],
    asked: tuple[str, ...],
    lines: tuple[str, ...],
) -> None:
    repository.write("mycelium.yaml", "engines: {own: {command: [own]}}\n")
    repository.commit()
    person = at_terminal(monkeypatch, answers)
    assert ended(mycelium, ["init", *words]) == 0
    said = "".join(capsys.readouterr())
    assert [each for each in (WORKFLOWS, ENGINE, TESTS) if each in said] == list(asked)
    assert person.read() == ""
    text = repository.shown("workflows/fix-failing-tests.yaml")
    assert [line for line in lines if line not in text] == []


def test_an_engine_that_is_not_there_is_told_before_anything_is_asked(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_terminal(monkeypatch, ())
    assert ended(mycelium, ["init", "--engine", "cladue"]) == 2
    said = "".join(capsys.readouterr())
    assert WORKFLOWS not in said
    assert "did you mean `claude`?" in said


class Person(io.StringIO):
    """Whoever types at a terminal, and has no more to say after that."""

    def isatty(self) -> bool:
        return True


def at_terminal(monkeypatch: pytest.MonkeyPatch, answers: tuple[str, ...]) -> Person:
    person = Person("".join(f"{answer}\n" for answer in answers))
    monkeypatch.setattr(sys, "stdin", person)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    return person
