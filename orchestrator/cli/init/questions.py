"""The questions that `mycelium init` asks in a terminal; each has a default, and Enter takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import click

from orchestrator.cli.console import Console
from orchestrator.cli.init.found import Found
from orchestrator.errors import BadInput
from orchestrator.gallery import PREFIX, Template

ENGINES = ("claude", "codex")
FIRST = "code-review"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """What somebody said, or would have by pressing Enter."""

    templates: tuple[str, ...]
    engine: str
    test: str


def ask(console: Console, known: Sequence[tuple[Template, str]], found: Found, answers: Answers) -> Answers:
    """`known` are the templates with a line about each; `answers` the defaults, and what was given as options."""
    console.line(console.styled("Which workflows shall run here?", bold=True))
    for number, (each, words) in enumerate(known, 1):
        name = console.styled(each.name.ljust(20), fg="cyan")
        console.line(f"  {number}  {name}  {_short(words)}")
    templates = _templates(known, answers.templates)
    engine = click.prompt(
        "Which program runs the agents?", type=click.Choice(ENGINES), default=answers.engine, err=True
    )
    asks_for_tests = any("\n  test:\n" in each.text for each, _ in known if each.name in templates)
    test = answers.test
    if asks_for_tests:
        hint = "" if found.test else " (empty: guessed each time)"
        test = click.prompt(f"Which command runs the tests?{hint}", default=test, show_default=bool(test), err=True)
    return Answers(templates=templates, engine=engine, test=test.strip())


def _templates(known: Sequence[tuple[Template, str]], default: Sequence[str]) -> tuple[str, ...]:
    names = [each.name for each, _ in known]
    shown = ",".join(str(names.index(name) + 1) for name in default) or "none"

    def read(text: str) -> tuple[str, ...]:
        if text.strip().lower() == "none":
            return ()
        return tuple(dict.fromkeys(chosen(names, word) for word in text.replace(",", " ").split()))

    def checked(text: str) -> tuple[str, ...]:
        try:
            return read(text)
        except BadInput as error:
            raise click.UsageError(error.message) from error

    result: tuple[str, ...] = click.prompt("  Numbers or names, or none", default=shown, value_proc=checked, err=True)
    return result


def chosen(names: Sequence[str], word: str) -> str:
    """The template that a number or a name means."""
    if word.isascii() and word.isdigit() and 1 <= int(word) <= len(names):
        return names[int(word) - 1]
    name = word.removeprefix(PREFIX)
    if name in names:
        return name
    raise BadInput(f"there is no template `{word[:60]}`", hint=f"there are {', '.join(names)}")


def _short(words: str) -> str:
    """The first sentence."""
    return f"{words.partition('. ')[0].rstrip('.')}."
