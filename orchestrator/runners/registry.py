"""Every way to run a node, by name."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.lifecycle.ports.runner import Runner
from orchestrator.runners.agent import AgentRunner
from orchestrator.runners.claude import ClaudeEngine
from orchestrator.runners.codex import CodexEngine
from orchestrator.runners.described import DescribedRunner
from orchestrator.runners.replay import ReplayRunner
from orchestrator.runners.shell import ShellRunner


def runners(environ: Mapping[str, str]) -> dict[str, Runner]:
    """`shell`, one runner for each engine, and `template` for those that a project file describes. `environ` is the
    worker's environment."""
    return {
        "shell": ShellRunner(environ=environ),
        "replay": ReplayRunner(),
        "claude": AgentRunner(ClaudeEngine(), environ=environ),
        "codex": AgentRunner(CodexEngine(), environ=environ),
        "template": DescribedRunner(environ=environ),
    }
