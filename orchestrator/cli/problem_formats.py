"""Problems of workflow files in the forms that people, GitHub, programs and code scanning read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from urllib.parse import quote

from orchestrator import __version__
from orchestrator.cli.console import printable_json
from orchestrator.definition.model import JsonValue
from orchestrator.errors import Place, Problem
from orchestrator.report.workflow_command import workflow_command

RULE = "invalid-workflow"
SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_github(problems: Sequence[Problem]) -> str:
    """Workflow commands, which become annotations in GitHub Actions."""
    return "\n".join(_command(problem) for problem in problems)


def as_json(problems: Sequence[Problem], files: Sequence[str]) -> str:
    """One object: whether all is well, the files that were read, and the problems."""
    document = {"valid": not problems, "files": list(files), "problems": [_object(problem) for problem in problems]}
    return printable_json(document)


def as_sarif(problems: Sequence[Problem]) -> str:
    """SARIF 2.1.0, with paths relative to the repository's root.

    https://docs.github.com/en/code-security/reference/code-scanning/sarif-support-for-code-scanning
    """
    rule: JsonValue = {"id": RULE, "shortDescription": {"text": "A workflow or agent file that cannot be used"}}
    driver: JsonValue = {"name": "mycelium", "semanticVersion": __version__, "rules": [rule]}
    run: JsonValue = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem) for problem in problems],
    }
    return printable_json({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]})


def _command(problem: Problem) -> str:
    place, said = problem.place, _message(problem)
    if place is None:
        return workflow_command("error", said)
    return workflow_command("error", said, file=place.file, line=place.line, col=place.column)


def _message(problem: Problem) -> str:
    node = f"node `{problem.node}`: " if problem.node else ""
    hint = f" ({problem.hint})" if problem.hint else ""
    return f"{node}{problem.message}{hint}"


def _object(problem: Problem) -> JsonValue:
    place = problem.place
    return {
        "file": place.file if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "node": problem.node,
        "message": problem.message,
        "hint": problem.hint,
    }


def _result(problem: Problem) -> JsonValue:
    result: dict[str, JsonValue] = {"ruleId": RULE, "level": "error", "message": {"text": _message(problem)}}
    if problem.place:
        result["locations"] = [_location(problem.place)]
    return result


def _location(place: Place) -> JsonValue:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(PurePosixPath(place.file).as_posix())},
            "region": {"startLine": place.line, "startColumn": place.column},
        }
    }
