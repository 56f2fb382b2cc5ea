"""Budgets against each other: what one node may use has to fit into what the whole workflow may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from orchestrator.definition.document import Entry, Yaml, plain
from orchestrator.definition.document import Mapping as MappingNode
from orchestrator.definition.model import Budget
from orchestrator.definition.nodes import Written
from orchestrator.definition.reader import Reader


def check_budgets(nodes: Mapping[str, Written], whole: Budget | None, root: Yaml, reader: Reader) -> None:
    """Report what `defaults` and nodes allow beyond `whole`, the budget of the workflow; `root` is the file.

    The file is asked, and not the values read from it: it alone tells a node's own budget from that of `defaults`.
    """
    if whole is None:
        return
    if defaults := _below(root).get("defaults"):
        _check_budget(_below(defaults.value).get("budget"), whole, reader)
    for name, written in nodes.items():
        reader.node = name
        _check_budget(written.entries.get("budget"), whole, reader)
    reader.node = None


def _check_budget(budget: Entry | None, whole: Budget, reader: Reader) -> None:
    written = _below(budget.value) if budget else {}
    for unit, limit in asdict(whole).items():
        wanted = plain(written[unit].value) if unit in written else None
        if limit is not None and isinstance(wanted, int | float) and wanted > limit:
            message = f"{wanted:,} {unit} are more than the {limit:,} of the whole workflow"
            reader.problem(written[unit].value, message, "lower it, or raise the workflow's `budget`")


def _below(value: Yaml) -> Mapping[str, Entry]:
    return value.entries if isinstance(value, MappingNode) else {}
