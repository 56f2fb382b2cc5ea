"""The workflow file of GitHub Actions, written from what is asked of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from orchestrator.cli.init.asked_of_actions import PUSH, Asked, Events
from orchestrator.cli.init.pin import ACTION, is_pinned
from orchestrator.cli.init.yaml_words import flow, scalar, whole
from orchestrator.definition.matching import DEFAULT_TYPES
from orchestrator.settings import DEFAULT_HISTORY_BRANCH

PATH: Final = ".github/workflows/mycelium.yml"
NAMES: Final = (PATH, ".github/workflows/mycelium-workflows.yml")
"""What it is called, and what where somebody else's file has that name."""
NAME: Final = "Mycelium"
CHECKOUT: Final = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"

_REASONS: Final = {
    "actions": "to see whether the job that held an execution has ended",
    "checks": "a check run for each execution and node",
    "contents": "the history branch, and branches with results",
    "issues": "comments, reactions and labels",
    "pull-requests": "reviews and pull requests",
}
PERMISSIONS: Final = tuple(_REASONS)
_READING: Final = {
    "contents": "the checkout, and commits that nodes compare with",
    "pull-requests": "which pull request a commit belongs to",
}
_WITHOUT_HISTORY: Final = {"contents": "branches with results"}
_IGNORE_ACTION: Final = "# zizmor: ignore[unpinned-uses] moves with the releases of Mycelium"
IGNORE_COMMENTS: Final = "# zizmor: ignore[dangerous-triggers] Mycelium asks GitHub what the author may do"
ONLY_COMMANDS: Final = "github.event_name != 'issue_comment' || startsWith(github.event.comment.body, '/')"
DISPATCHED: Final = {"workflow": "${{ inputs.workflow }}", "inputs": "${{ inputs.inputs }}"}
"""What the Action gets of a start by hand."""

DEFAULT_FOLDER: Final = "workflows"
FOLDER: Final = "MYCELIUM_WORKFLOWS_DIR"
STEPS: Final = "      # Set up here what your own commands need, such as actions/setup-node."


@dataclass(frozen=True, kw_only=True, slots=True)
class ActionsFile:
    """`action` is the Action as a step names it, a commit with the release behind it. `env` are variables of the step
    that runs workflows, by name, as they are written; `validate` adds a job that looks at the workflows of pull
    requests. `workflows_dir` is where they lie.
    `history_branch` keeps executions; empty keeps none.

    `steps` are the lines between checkout and Action, which are the user's: toolchains for their own commands. What
    `checkout`, `runs_on` and `minutes` say is written as it is.
    """

    asked: Asked
    action: str = ACTION
    env: Mapping[str, str] = field(default_factory=dict)
    validate: bool = False
    workflows_dir: str = DEFAULT_FOLDER
    history_branch: str = DEFAULT_HISTORY_BRANCH
    steps: Sequence[str] = (STEPS,)
    checkout: str = CHECKOUT
    runs_on: str = "ubuntu-latest"
    minutes: str = "350"

    def text(self) -> str:
        lines = (*_HEAD, *_on(self.events, self.asked.dispatched), *self._concurrency())
        return "\n".join([*lines, *self._run(), *(self.validating if self.validate else ()), ""])

    @property
    def events(self) -> Events:
        """What starts a job: with `validate` pull requests too, whether or not a workflow asks for them."""
        wanted = {"types": sorted(DEFAULT_TYPES["pull_request"])}
        return {"pull_request": wanted, **self.asked.events} if self.validate else self.asked.events

    @property
    def validating(self) -> list[str]:
        """The lines of the job that looks at workflows, as one of `jobs`."""
        return list(self._validate())

    def _concurrency(self) -> Iterator[str]:
        yield "permissions: {}"
        yield ""
        types = self.events.get("pull_request", {}).get("types", ())
        if PUSH not in types:
            yield from ("concurrency:", "  group: mycelium-${{ github.run_id }} # nothing waits for anything", "")
            return
        replaced = json.dumps([each for each in self.asked.replaced if each in types])
        yield "# A newer push ends jobs for an older head, and only those whose workflows it starts again. All else has"
        yield "# a group of its own: a comment that approves or cancels must not wait for the job that it is about."
        yield "concurrency:"
        yield "  group: >-"
        yield f"    mycelium-${{{{ contains(fromJSON('{replaced}'), github.event.action)"
        yield "    && github.event.pull_request.number || format('job-{0}', github.run_id) }}"
        yield f"  cancel-in-progress: ${{{{ github.event.action == '{PUSH}' }}}}"
        yield ""

    def _run(self) -> Iterator[str]:
        events = self.events
        yield from ("jobs:", "  run:", "    name: Mycelium")
        if "issue_comment" in events:
            yield "    # Only comments that can be commands."
            yield f"    if: {ONLY_COMMANDS}"
        yield from (f"    runs-on: {self.runs_on}", f"    timeout-minutes: {self.minutes}", "    permissions:")
        for name, level in self.asked.permissions.items():
            why = reason(name, level, self.history_branch)
            yield f"      {name}: {level}{f' # {why}' if why else ''}"
        yield from ("    steps:", f"      - uses: {self.checkout}", "        with:")
        if events.keys() & {"pull_request", "pull_request_review"}:
            yield "          ref: ${{ github.event.pull_request.head.sha || github.sha }}"
        yield "          persist-credentials: false"
        yield from self.steps
        yield f"      - uses: {used(self.action)}"
        given = DISPATCHED if self.asked.dispatched else {}
        yield from self._with(*(f"{name}: {value}" for name, value in given.items()), *history(self.history_branch))
        yield from self._env(*(f"{name}: {whole(value)}" for name, value in self.env.items()))

    def _validate(self) -> Iterator[str]:
        yield from ("", "  validate:", "    name: Workflows of the pull request")
        yield "    if: github.event_name == 'pull_request'"
        yield from ("    runs-on: ubuntu-latest", "    timeout-minutes: 10", "    permissions:")
        yield "      contents: read # the workflows before and after"
        yield from ("    steps:", f"      - uses: {self.checkout}", "        with:")
        yield from ("          persist-credentials: false", f"      - uses: {used(self.action)}", "        with:")
        yield "          mode: validate"
        yield from self._env()

    def _with(self, *lines: str) -> Iterator[str]:
        if lines:
            yield "        with:"
        yield from (f"          {line}" for line in lines)

    def _env(self, *lines: str) -> Iterator[str]:
        elsewhere = [f"{FOLDER}: {scalar(self.workflows_dir)}"] if self.workflows_dir != DEFAULT_FOLDER else []
        if elsewhere or lines:
            yield "        env:"
        yield from (f"          {line}" for line in (*elsewhere, *lines))


def history(branch: str) -> list[str]:
    """The input of the Action that names where executions are kept, where that is another branch than most."""
    return [] if branch == DEFAULT_HISTORY_BRANCH else [f"history-branch: {scalar(branch)}"]


def used(action: str) -> str:
    """An Action as a step names it."""
    return action if is_pinned(action) else f"{action} {_IGNORE_ACTION}"


_HEAD: Final = (
    "# Runs the workflows of this repository. `mycelium init` wrote it: run that again when workflows have changed.",
    f"name: {NAME}",
    "",
)


def reason(name: str, level: str, history_branch: str) -> str:
    """What a permission is for, in words; empty for one that Mycelium does not need."""
    known = {**_REASONS, **({} if history_branch else _WITHOUT_HISTORY), **(_READING if level == "read" else {})}
    return known.get(name, "")


def _on(events: Events, dispatched: Sequence[str]) -> Iterator[str]:
    yield "on:"
    for name, filters in events.items():
        if name == "issue_comment":
            yield f"  issue_comment: {IGNORE_COMMENTS}"
        else:
            yield f"  {name}:"
        for key, values in filters.items():
            if key == "crons":
                yield from (f"    - cron: {json.dumps(cron)}" for cron in values)
            else:
                yield f"    {key}: [{', '.join(scalar(value) for value in values)}]"
        if name == "workflow_dispatch":
            yield from _by_hand(dispatched)
    yield ""


def _by_hand(workflows: Sequence[str]) -> Iterator[str]:
    yield from ("    inputs:", "      workflow:", "        description: The workflow to start", "        type: choice")
    yield f"        options: {flow(workflows)}"
    yield from ("        required: true", "      inputs:", "        description: Its inputs, NAME=VALUE, one a line")
    yield from ("        type: string", "        required: false")


def secret(name: str) -> str:
    """What a variable of the step is set to, so that it has the secret `name`."""
    return f"${{{{ secrets.{name} }}}}"
