"""`trust` and `concurrency`: who may start a workflow, and what else of it runs at the same time."""

from __future__ import annotations

from typing import Any

from orchestrator.definition.document import Scalar, Yaml, described, is_null, resolved
from orchestrator.definition.expressions import has_expression
from orchestrator.definition.model import Concurrency
from orchestrator.definition.reader import Key, Keys, Misfit, Reader, Shape
from orchestrator.definition.roles import Forks, Role, Trust
from orchestrator.definition.shapes import TEMPLATE, choice, keyed, keys_schema, listed, member

_ROLES = choice([role.word for role in Role if role is not Role.NONE], what="role")
MAX_QUEUE = 100
"""What `queue: max` lets wait: https://docs.github.com/en/actions/how-tos/write-workflows/choose-when-workflows-run/control-workflow-concurrency"""


def _read_bot(value: Yaml, reader: Reader) -> int:
    found = resolved(value) if isinstance(value, Scalar) else None
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        hint = "GET /users/NAME shows it: a name alone proves nothing, since anybody may choose one"
        raise Misfit(value, f"expected the number of an account, found {described(value)}", hint)
    del reader
    return found


_BOT = Shape(read=_read_bot, schema={"type": "integer", "minimum": 1})

TRUST_KEYS = Keys(
    place="`trust`",
    keys={
        "actors": Key(
            shape=Shape(read=lambda value, reader: Role[_ROLES.read(value, reader).upper()], schema=_ROLES.schema),
            description="The least role of people who may start it: read, triage, write (default), maintain or admin",
        ),
        "forks": Key(
            shape=member(Forks),
            description="Pull requests from forks: approve (default) waits for `/mycelium allow SHA`; never",
        ),
        "bots": Key(shape=listed(_BOT, distinct=True), description="The ids of bots and apps that may start it"),
    },
)


def _read_waiting(value: Yaml, reader: Reader) -> int:
    found = resolved(value) if isinstance(value, Scalar) else None
    words = {"single": 1, "max": MAX_QUEUE}
    if isinstance(found, str) and found in words:
        return words[found]
    if isinstance(found, bool) or not isinstance(found, int) or not 1 <= found <= MAX_QUEUE:
        raise Misfit(value, f"expected single, max or a number to {MAX_QUEUE}, found {described(value)}")
    del reader
    return found


def _read_cancel(value: Yaml, reader: Reader) -> bool | str:
    found = resolved(value) if isinstance(value, Scalar) else None
    if isinstance(found, bool):
        return found
    if isinstance(value, Scalar) and has_expression(value.value):
        return TEMPLATE.read(value, reader)
    raise Misfit(value, f"expected true, false or an expression, found {described(value)}")


CONCURRENCY_KEYS = Keys(
    place="`concurrency`",
    keys={
        "group": Key(shape=TEMPLATE, description="Of executions with the same text one runs at a time", required=True),
        "cancel-in-progress": Key(
            shape=Shape(read=_read_cancel, schema={"type": ["boolean", "string"]}),
            description="Whether a new execution cancels the one that runs; true, false or an expression",
        ),
        "queue": Key(
            shape=Shape(
                read=_read_waiting,
                schema={
                    "anyOf": [{"enum": ["single", "max"]}, {"type": "integer", "minimum": 1, "maximum": MAX_QUEUE}]
                },
            ),
            description="How many may wait: single (default), max (100) or a number; the oldest gives way",
        ),
    },
)


def _read_concurrency(value: Yaml, reader: Reader) -> Concurrency:
    if isinstance(value, Scalar) and not is_null(value):
        return Concurrency(group=TEMPLATE.read(value, reader))
    keys: dict[str, Any] = reader.mapping(value, CONCURRENCY_KEYS)
    if keys.get("queue", 1) > 1 and keys.get("cancel-in-progress") is True:
        raise Misfit(value, "with `cancel-in-progress: true` nothing waits", "leave `queue` out, or cancel nothing")
    return Concurrency(
        group=keys.get("group", ""),
        cancel_in_progress=keys.get("cancel-in-progress", False),
        queue=keys.get("queue", 1),
    )


TRUST = keyed(TRUST_KEYS, lambda keys, *_: Trust(**keys))
CONCURRENCY = Shape(read=_read_concurrency, schema={"anyOf": [{"type": "string"}, keys_schema(CONCURRENCY_KEYS)]})
