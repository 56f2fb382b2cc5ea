"""`docs/limits.md` has every limit of the code, with the number that the code has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| (?P<what>[^|]+) \| (?P<limit>[0-9,]+) \| (?P<beyond>[^|]+) \|$", re.MULTILINE)
NAMED = re.compile(
    r"^(?!_)((?:MAX|LONGEST|MOST)_[A-Z_]+|[A-Z_]*LIMIT[A-Z_]*|LINE_CHARACTERS)(?:: Final)? = ",
    re.MULTILINE,
)
ROOMS = ("agents", "cli", "definition", "execution", "git", "lifecycle", "runners", "store")

LIMITS = {
    "bytes of a file": "definition.compose.MAX_BYTES",
    "values of a file": "definition.compose.MAX_NODES",
    "levels of lists and maps": "definition.compose.MAX_DEPTH",
    "nodes of a workflow": "definition.node_keys.MAX_NODES",
    "names in one map": "definition.shapes.MAX_ENTRIES",
    "characters of a name": "definition.shapes.MAX_NAME",
    "combinations of a matrix, and": "definition.matrix.MAX_COMBINATIONS",
    "combinations of a matrix before": "definition.matrix.MAX_PRODUCT",
    "problems told": "definition.problems.MAX_PROBLEMS",
    "characters of a problem": "definition.problems.LONGEST_MESSAGE",
    "characters of an expression": "definition.expressions.grammar.MAX_LENGTH",
    "depth of an expression": "definition.expressions.grammar.MAX_DEPTH",
    "expressions in one text": "definition.expressions.template.MAX_EXPRESSIONS",
    "characters that an expression makes": "definition.expressions.functions.MAX_TEXT",
    "characters that the functions": "definition.expressions.functions.MAX_LOOKED_AT",
    "levels that `fromJSON`": "definition.expressions.functions.MAX_JSON_DEPTH",
    "node runs of an execution": "lifecycle.start.MAX_RUNS",
    "edges between": "lifecycle.start.MAX_EDGES",
    "attempts that a vanished": "execution.retry.MAX_LOST",
    "seconds between two": "execution.retry.MAX_DELAY_SECONDS",
    "seconds that a service": "execution.retry.MAX_RETRY_AFTER_SECONDS",
    "bytes of a node's outputs": "lifecycle.limits.MAX_OUTPUTS_BYTES",
    "levels of a node's outputs": "lifecycle.limits.MAX_OUTPUTS_DEPTH",
    "levels of outputs in": "store.outcome_codec.MAX_DEPTH",
    "bytes written to `$GITHUB_OUTPUT`": "runners.outputs.OUTPUT_LIMIT",
    "bytes written to `$GITHUB_STEP_SUMMARY`": "runners.outputs.SUMMARY_LIMIT",
    "characters of a summary": "lifecycle.limits.MAX_SUMMARY",
    "characters of a message": "lifecycle.limits.MAX_MESSAGE",
    "remarks (": "runners.shell.ANNOTATION_LIMIT",
    "characters of a remark": "runners.commands.LONGEST_MESSAGE",
    "characters of a remark's": "runners.commands.LONGEST_PROPERTY",
    "characters of all remarks": "lifecycle.limits.MAX_ANNOTATIONS",
    "values that a script may mask": "runners.shell.MASK_LIMIT",
    "bytes of the artifacts": "lifecycle.limits.MAX_ARTIFACT_BYTES",
    "artifacts of a node run": "lifecycle.limits.MAX_ARTIFACTS",
    "changed files": "lifecycle.limits.MAX_CHANGES",
    "bytes of a committed file": "git.staging.MAX_FILE_BYTES",
    "bytes of an environment variable": "lifecycle.attempts.tasks.MAX_VARIABLE_BYTES",
    "bytes of the `env`": "lifecycle.attempts.tasks.MAX_ENVIRONMENT_BYTES",
    "characters that an agent is told of one": "lifecycle.attempts.findings.MOST_PER_PREDECESSOR",
    "characters that an agent is told of all": "lifecycle.attempts.findings.MOST_OF_ALL",
    "predecessors whose findings": "lifecycle.attempts.findings.MOST_TOLD",
    "bytes of the blackboard": "queue.server.MAX_BLACKBOARD_BYTES",
    "bytes of a value on": "queue.server.MAX_BLACKBOARD_VALUE_BYTES",
    "problems told of one answer": "runners.answer.MOST_PROBLEMS",
    "bytes of an agent's definition": "runners.command_line.ARGUMENT_LIMIT",
    "processes that a program left": "runners.guards.guard.LEFT_LIMIT",
    "connections that a sandbox": "runners.egress.MAX_CONNECTIONS",
    "bytes of the head": "runners.egress_request.HEAD_LIMIT",
    "things that the proxy": "runners.egress.MAX_NEWS",
    "targets of one kind": "definition.publish_keys.MOST_TARGETS",
    "labels of one target": "definition.publish.MOST_LABELS",
    "characters of a label": "execution.allowed.LONGEST_LABEL",
    "remarks of a review": "execution.review.MOST_REMARKS",
    "commits that are published": "lifecycle.publishing.layout.MOST_COMMITS",
    "bytes to which one file unpacks": "lifecycle.buried.MOST_UNPACKED",
    "bytes of the differences": "lifecycle.publishing.leaks.MOST_BYTES",
    "issues that are looked through": "lifecycle.publishing.channels.words.MOST_LOOKED_AT",
    "node runs with a check run": "lifecycle.projection.wanted.MOST_APART",
    "of them, those that only run": "lifecycle.projection.wanted.MOST_LASTING",
    "annotations in a check run": "report.check_run.MAX_ANNOTATIONS",
    "annotations in the check run of a node": "report.check_run.ANNOTATIONS_A_REQUEST",
    "writes for one execution": "lifecycle.projection.due.MOST_WRITES",
    "seconds of fetching the history": "git.deepening.LONGEST_SECONDS",
    "seconds that a command waits": "lifecycle.following.shown.MOST_SECONDS",
    "bytes of the log": "store.log_limit.LIMIT_BYTES",
    "bytes of a line": "runners.lines.LINE_LIMIT",
    "characters of log lines that a worker": "store.kept_logs.MOST_HELD_CHARACTERS",
    "characters of a line": "store.log_chunk.LINE_CHARACTERS",
    "bytes of an event": "runners.conversation.EVENT_LIMIT",
    "characters of the output": "runners.template_reader.MOST_CHARACTERS",
    "bytes of an agent file": "agents.front_matter.SIZE_LIMIT",
    "bytes of a recorded transcript": "lifecycle.limits.MAX_TRANSCRIPT_BYTES",
    "bytes of the events": "runners.recorder.MOST_RECORDED_BYTES",
    "characters of a recorded text": "runners.recorder.MOST_RECORDED_CHARACTERS",
    "milliseconds of a recorded": "runners.recorder.MOST_PAUSE_MS",
    "characters of a filter": "definition.patterns.MAX_PATTERN",
    "executions that may wait": "definition.trust_keys.MAX_QUEUE",
    "days for which missed": "definition.due.MAX_MADE_UP_DAYS",
    "missed times of an entry": "definition.due.MAX_MADE_UP_TIMES",
    "versions in which": "lifecycle.definitions.committed.MOST_VERSIONS",
    "workflow files of a commit": "lifecycle.definitions.changed.MOST_FILES",
    "bytes of the workflow files": "lifecycle.definitions.changed.MOST_BYTES",
    "characters of a command": "definition.commands.MAX_LINE",
    "bytes of a payload": "cli.explain.MAX_PAYLOAD_BYTES",
}
"""The beginning of each row, and the constant that it tells."""

OWN = {
    "definition.taint.MOST_STATIONS",
    "lifecycle.transition.MAX_SETTLED",
    "lifecycle.attempts.authorship.LONGEST_SUBJECT",
    "runners.json_events.MOST_COUNTED",
    "git.command.MAX_OUTPUT_BYTES",
    "git.unpacked.MAX_BYTES",
    "lifecycle.beside.LONGEST_SECONDS",
    "lifecycle.intake.buttons.MOST_LOOKED_AT",
    "lifecycle.intake.lapsing.MOST_LOOKED_AT",
    "lifecycle.publishing.deliver.MOST_SECONDS",
    "lifecycle.projection.due.MOST_WRITES_SPAN",
    "lifecycle.publishing.fates.MOST_AT_ONCE",
    "lifecycle.projection.picture.LONGEST_OWN_PAUSE",
    "lifecycle.projection.picture.LONGEST_READ_PAUSE",
    "lifecycle.projection.passes.LONGEST_PAUSE",
    "lifecycle.projection.proposals.LONGEST_PAUSE",
    "lifecycle.projection.proposals.MOST_TRIES",
    "lifecycle.projection.proposing.MOST_FILES",
}
"""How the code goes about its work: nobody meets these."""


def rows() -> dict[str, int]:
    text = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
    return {match["what"]: int(match["limit"].replace(",", "")) for match in ROW.finditer(text)}


def constants() -> Iterator[str]:
    for room in ROOMS:
        for path in sorted((ROOT / "orchestrator" / room).rglob("*.py")):
            module = ".".join(path.relative_to(ROOT / "orchestrator").with_suffix("").parts)
            yield from (f"{module}.{name}" for name in NAMED.findall(path.read_text(encoding="utf-8")))


def value(constant: str) -> int:
    module, _, name = constant.rpartition(".")
    return int(getattr(import_module(f"orchestrator.{module}"), name))


def test_every_row_tells_what_the_code_has() -> None:
    told = {}
    for what, limit in rows().items():
        fitting = [start for start in LIMITS if what.startswith(start)]
        told[max(fitting, key=len, default=what)] = limit
    assert told == {what: value(constant) for what, constant in LIMITS.items()}


def test_every_limit_of_the_code_has_a_row() -> None:
    assert set(constants()) - set(LIMITS.values()) == OWN
