"""What a child process is told when it starts: plain strings, from which it builds everything itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestrator.lifecycle.services import Services


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """How a worker or a control loop reaches the rest; it survives JSON.

    `services` names a function `f(*, redis_url, instance, **arguments) -> Services`, called once in each child after
    the fork; it is given `blackboard_url` too where there is one. `work` names what runs nodes, as
    `lifecycle.attempts.execute.work`; `lose` what takes back the nodes that dead workers of a seat ran,
    `f(services, seat)`; `control` what makes the control loop out of services and its seat, an object with
    `step() -> float` and `close()`; `warm_up` what a worker does before its first node, `f()`. All of these are
    `module:attribute`; `jobs` is the module with `bind` and the `REGISTRY` of functions that a token may call.
    """

    redis_url: str
    instance: str
    services: str
    blackboard_url: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = ("default",)
    jobs: str = "orchestrator.jobs"
    work: str = "orchestrator.lifecycle.attempts.execute:work"
    lose: str = "orchestrator.lifecycle.advance:lose_all_of"
    warm_up: str = "orchestrator.runners.process:warm_up"
    control: str = "orchestrator.lifecycle.conduct:control_loop"

    def build(self) -> Services:
        """The adapters of this process; called after the fork, so that no connection is shared."""
        factory: Callable[..., Services] = resolve(self.services)
        blackboard = {"blackboard_url": self.blackboard_url} if self.blackboard_url else {}
        return factory(redis_url=self.redis_url, instance=self.instance, **blackboard, **self.arguments)


def resolve(name: str) -> Any:
    """The object that `module:attribute` names. The names come from our own code, never from Redis."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)
