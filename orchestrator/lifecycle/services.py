"""The adapters and the few facts that every part of the lifecycle works with."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestrator.execution.state import Plan
from orchestrator.lifecycle.ports import Blackboard, Blobs, Clock, Events, Git, Logs, Runner, Store, Wake
from orchestrator.lifecycle.ports.definitions import Comparison, DefinitionSource

if TYPE_CHECKING:
    from orchestrator.lifecycle.ports.github import GitHub

_KEPT_PLANS = 16


@dataclass(frozen=True, kw_only=True)
class Services:
    """Built by `app.py`; tests build it from fakes.

    `runners` is keyed by `shell` and by engine name. `instance` names this process tree in the store. `new_id` makes
    execution ids that grow with time. `secrets` are values by name, masked everywhere. `jitter` draws from [0, 1).
    `workspace_quota_bytes` is what leftover workspaces may take. `spread` says that nodes may run on other machines;
    `branches` that this process may make result branches, which then appear in one repository only. `blackboard` is
    None where no server for it is known, `github` where no token is, and `definitions` where events start nothing.
    `comparison` tells what pull requests change in definitions, where somebody can be told.
    `public_url` is where people see the pages, empty where nobody serves them. `listens` says that buttons on GitHub
    reach somebody. `history` names the branch that executions of jobs are kept in, if they are. `hidden` values are
    masked as secrets are.
    """

    store: Store
    logs: Logs
    blobs: Blobs
    events: Events
    wake: Wake
    git: Git
    runners: Mapping[str, Runner]
    clock: Clock
    new_id: Callable[[], str]
    instance: str
    secrets: Mapping[str, str]
    jitter: Callable[[], float] = random.random
    workspace_quota_bytes: int = 5_000_000_000
    spread: bool = False
    branches: bool = True
    blackboard: Blackboard | None = None
    github: GitHub | None = None
    hidden: tuple[str, ...] = field(default=(), repr=False)
    definitions: DefinitionSource | None = None
    comparison: Comparison | None = None
    public_url: str = ""
    listens: bool = False
    history: str = ""
    _plans: dict[str, Plan] = field(default_factory=dict, init=False, repr=False, compare=False)

    def forget_plan(self, execution_id: str) -> None:
        """Read it anew: the execution came from elsewhere, in place of what was here."""
        self._plans.pop(execution_id, None)

    def plan(self, execution_id: str) -> Plan:
        """The plan of an execution: it never changes, so the latest ones are read once per process."""
        plan = self._plans.get(execution_id)
        if plan is None:
            plan = self.store.plan(execution_id)
            for forgotten in list(self._plans)[: 1 - _KEPT_PLANS]:
                self._plans.pop(forgotten, None)
            self._plans[execution_id] = plan
        return plan
