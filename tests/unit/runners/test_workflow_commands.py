"""Workflow commands are read as GitHub reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.execution.outcome import Annotation
from orchestrator.report.workflow_command import workflow_command
from orchestrator.runners.commands import LONGEST_MESSAGE, LONGEST_PROPERTY, CommandName, annotation, parse, resumes


@pytest.mark.parametrize(
    ("line", "name", "properties", "message"),
    [
        ("::error::plain", CommandName.ERROR, {}, "plain"),
        ("  ::warning file=a.py,line=3::indented", CommandName.WARNING, {"file": "a.py", "line": "3"}, "indented"),
        ("::ERROR::any case", CommandName.ERROR, {}, "any case"),
        ("::notice title=a%3Ab%2Cc::x%3Ay", CommandName.NOTICE, {"title": "a:b,c"}, "x%3Ay"),
        ("::error::one%0Atwo%25", CommandName.ERROR, {}, "one\ntwo%"),
        ("::error::%250A", CommandName.ERROR, {}, "%0A"),
        ("::error::std::vector", CommandName.ERROR, {}, "std::vector"),
        ("::group::Install", CommandName.GROUP, {}, "Install"),
        ("::endgroup::", CommandName.ENDGROUP, {}, ""),
        ("::add-mask::s3cret", CommandName.ADD_MASK, {}, "s3cret"),
    ],
)
def test_commands(line: str, name: CommandName, properties: dict[str, str], message: str) -> None:
    command = parse(line)
    assert command is not None
    assert (command.name, command.properties, command.message) == (name, properties, message)


@pytest.mark.parametrize("line", ["", "text", "a ::error::b", "::unknown::x", ":: ::", "::error", "std::error::code"])
def test_ordinary_text_is_no_command(line: str) -> None:
    assert parse(line) is None


@given(st.text(), st.text(min_size=1))
def test_what_is_written_is_what_is_read(message: str, title: str) -> None:
    line = workflow_command("error", message, title=title, file="", line=3)
    command = parse(line)
    assert command is not None
    assert (command.properties, command.message) == ({"title": title, "line": "3"}, message)
    assert "\n" not in line
    assert "\r" not in line


def test_an_annotation_takes_its_place_from_the_properties() -> None:
    command = parse("::error file=/ws/src/a.py,line=3,endLine=5,col=2,endColumn=9,title=T::bad")
    assert command is not None
    assert annotation(command, "/ws") == Annotation(
        level="failure",
        message="bad",
        path="src/a.py",
        start_line=3,
        end_line=5,
        start_column=2,
        end_column=9,
        title="T",
    )


def test_a_line_that_is_no_number_becomes_the_first() -> None:
    command = parse("::warning file=a.py,line=x,endLine=-4::odd")
    assert command is not None
    made = annotation(command, "/ws")
    assert (made.start_line, made.end_line, made.level) == (1, 1, "warning")


def test_only_the_token_resumes_commands() -> None:
    assert resumes("::tok::", "tok")
    assert not resumes("::other::", "tok")


def test_a_long_remark_is_cut() -> None:
    command = parse(f"::error title={'t' * 9000},file={'f' * 9000}::{'m' * 9000}")
    assert command is not None
    made = annotation(command, "/ws")
    assert [len(made.message), len(made.title), len(made.path)] == [LONGEST_MESSAGE, LONGEST_PROPERTY, LONGEST_PROPERTY]
