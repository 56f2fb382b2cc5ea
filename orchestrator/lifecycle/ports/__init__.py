"""What the life of an execution needs from outside: one Protocol for each adapter.

Adapters implement these and never import each other; `app.py` puts them together. Every method is synchronous and
translates its library's errors into those of `orchestrator.errors`. The suites in `tests/contract` say what each port
promises; the in-memory fakes in `tests/fakes` keep the same promises.
"""

from __future__ import annotations

from orchestrator.lifecycle.ports.blackboard import Blackboard
from orchestrator.lifecycle.ports.clock import Clock
from orchestrator.lifecycle.ports.dossier import Dossier
from orchestrator.lifecycle.ports.git import Author, CommitMessage, Git, Snapshot, Workspace
from orchestrator.lifecycle.ports.history import AgentHistory, Extent, Scope
from orchestrator.lifecycle.ports.intake import Decision, Group, HeldStart, Hold, Intake, Ruling, Vote
from orchestrator.lifecycle.ports.records import Blobs, Logs, NewLogLine
from orchestrator.lifecycle.ports.runner import (
    AgentTask,
    Control,
    LogSink,
    McpServer,
    Runner,
    ShellTask,
    StopReason,
    Task,
)
from orchestrator.lifecycle.ports.store import Lead, Lease, Store, StoredEffect, Transaction
from orchestrator.lifecycle.ports.wake import Events, LiveEvent, LiveEventKind, StopSignals, Wake

__all__ = [
    "AgentHistory",
    "AgentTask",
    "Author",
    "Blackboard",
    "Blobs",
    "Clock",
    "CommitMessage",
    "Control",
    "Decision",
    "Dossier",
    "Events",
    "Extent",
    "Git",
    "Group",
    "HeldStart",
    "Hold",
    "Intake",
    "Lead",
    "Lease",
    "LiveEvent",
    "LiveEventKind",
    "LogSink",
    "Logs",
    "McpServer",
    "NewLogLine",
    "Ruling",
    "Runner",
    "Scope",
    "ShellTask",
    "Snapshot",
    "StopReason",
    "StopSignals",
    "Store",
    "StoredEffect",
    "Task",
    "Transaction",
    "Vote",
    "Wake",
    "Workspace",
]
