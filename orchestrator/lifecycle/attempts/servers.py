"""The MCP servers of one attempt, as its agent gets them: secrets are put in here, at the last moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from orchestrator.definition.model import Agent
from orchestrator.definition.placeholders import filled_map
from orchestrator.definition.project import BLACKBOARD, McpTemplate
from orchestrator.errors import SetupError
from orchestrator.lifecycle.attempts.attempt import Attempt
from orchestrator.lifecycle.ports import Blackboard, McpServer
from orchestrator.lifecycle.secrecy import secrets_for

REPLAY: Final = "replay"


@contextmanager
def mcp_servers(attempt: Attempt) -> Iterator[tuple[McpServer, ...]]:
    """What the node's `mcp` names, for as long as the block lasts. A replay calls no tools, and so gets none.

    `SetupError` for a secret or a server that is missing.
    """
    action = attempt.node.action
    if not isinstance(action, Agent) or not action.mcp or attempt.text(action.engine) == REPLAY:
        yield ()
        return
    with ExitStack() as stack:
        yield tuple(_server(attempt, name, stack) for name in action.mcp)


def blackboard(attempt: Attempt) -> Blackboard:
    """The blackboard of this process; `SetupError` where there is none."""
    if attempt.services.blackboard is None:
        message = f"`mcp: [{BLACKBOARD}]` needs a blackboard that all workers reach, and there is none"
        raise SetupError(message, hint="set MYCELIUM_BLACKBOARD_URL for the workers")
    return attempt.services.blackboard


def _server(attempt: Attempt, name: str, stack: ExitStack) -> McpServer:
    if name == BLACKBOARD:
        server = stack.enter_context(blackboard(attempt).admit(attempt.run))
        for secret in server.secrets:
            attempt.log.mask(secret)
        return server
    template = attempt.plan.project.mcp.get(name)
    if template is None:
        raise SetupError(f"MCP server `{name}` was not in mycelium.yaml when the execution started")
    return _described(template, _secrets(attempt, template))


def _described(template: McpTemplate, secrets: dict[str, str]) -> McpServer:
    return McpServer(
        name=template.name,
        command=template.command,
        args=template.args,
        env={**(secrets if template.command else {}), **filled_map(template.env, secrets)},
        url=template.url,
        headers=filled_map(template.headers, secrets),
        hosts=template.hosts,
    )


def _secrets(attempt: Attempt, template: McpTemplate) -> dict[str, str]:
    known = secrets_for(attempt.services, attempt.execution)
    for name in template.secrets:
        if attempt.services.secrets.get(name) and not known:
            message = f"the MCP server `{template.name}` needs the secret `{name}`, and executions for forks get none"
            raise SetupError(message, hint="leave the server out where forks are let in")
        if not known.get(name):
            message = f"the MCP server `{template.name}` needs the secret `{name}`"
            raise SetupError(message, hint=f"set MYCELIUM_SECRET_{name} for the workers")
    return {name: known[name] for name in template.secrets}
