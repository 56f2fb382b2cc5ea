"""What a commit changes in workflows, agents and the project file: who may start what, what it may do and spend."""

from orchestrator.definition.changes.compare import changes, definitions
from orchestrator.definition.changes.model import (
    Change,
    ChangedFile,
    DefinitionChanges,
    Definitions,
    FileKind,
    FileState,
    Key,
    Kind,
    Mark,
    MarkedEdge,
    MarkedGraph,
    MarkedNode,
    Subject,
)

__all__ = [
    "Change",
    "ChangedFile",
    "DefinitionChanges",
    "Definitions",
    "FileKind",
    "FileState",
    "Key",
    "Kind",
    "Mark",
    "MarkedEdge",
    "MarkedGraph",
    "MarkedNode",
    "Subject",
    "changes",
    "definitions",
]
