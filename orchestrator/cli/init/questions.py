"""The questions that `mycelium init` asks in a terminal; each has a default, and Enter takes it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import click

from orchestrator.cli.console import Console
from orchestrator.cli.init.found import Found
from orchestrator.definition.node_shapes import ENGINES
from orchestrator.errors import BadInput
from orchestrator.gallery import PREFIX, Template

FIRST = "code-review"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """What somebody said, or would have by pressing Enter."""

    templates: tuple[str, ...]
    engine: str
    test: str


def ask(
    console: Console,
    known: Sequence[tuple[Template, str]],
    found: Found,
    answers: Answers,
    *,
    engines: Sequence[str] = ENGINES,
    given: Collection[str] = (),
) -> Answers:
    """`known` are the templates with a line about each; `answers` the defaults, and what was given as options.

    What is `given`, by the names of answers, is not asked for, and neither is what no chosen template has an input for.
    """
    templates = answers.templates if "templates" in given else _templates(console, known, answers.templates)
    texts = [each.text for each, _ in known if each.name in templates]
    left = [name for name in ("engine", "test") if name not in given and _is_input(name, texts)]
    engine = _engine(engines, answers.engine) if "engine" in left else answers.engine
    test = _test(found, answers.test) if "test" in left else answers.test
    if left or "templates" not in given:
        console.line()
    return Answers(templates=templates, engine=engine, test=test)


def _is_input(name: str, texts: Sequence[str]) -> bool:
    return any(f"\n  {name}:\n" in text for text in texts)


def _engine(engines: Sequence[str], default: str) -> str:
    question = "Which program runs the agents? (replay: recorded ones, without a key)"
    engine: str = click.prompt(question, type=click.Choice(engines), default=default, err=True)
    return engine


def _test(found: Found, default: str) -> str:
    hint = "" if found.test else " (empty: guessed each time)"
    question = f"Which command runs the tests?{hint}"
    test: str = click.prompt(question, default=default, show_default=bool(default), err=True)
    return test.strip()


def _templates(console: Console, known: Sequence[tuple[Template, str]], default: Sequence[str]) -> tuple[str, ...]:
    console.line(console.styled("Which workflows shall run here?", bold=True))
    for number, (each, words) in enumerate(known, 1):
        name = console.styled(each.name.ljust(20), fg="cyan")
        console.line(f"  {number}  {name}  {_short(words)}")
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
