"""A template's text with a repository's own values as the defaults of its inputs; nothing else in it changes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from orchestrator.definition.model import Workflow


def adapted(text: str, workflow: Workflow, defaults: Mapping[str, str]) -> str:
    """`text` of `workflow`, where inputs that exist get the `defaults` that are not empty."""
    for name, value in defaults.items():
        if value and name in workflow.inputs and workflow.inputs[name].default != value:
            line = re.compile(rf"(^  {re.escape(name)}:\n    default: ).*$", re.MULTILINE)
            text = line.sub(lambda match: match[1] + _scalar(value), text, count=1)  # noqa: B023 - used at once
    return text


def _scalar(value: str) -> str:
    return value if re.fullmatch(r"[A-Za-z][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*", value) else json.dumps(value)
