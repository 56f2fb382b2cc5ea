"""What a readable file can still get wrong: edges, cycles, agents, and what its expressions refer to."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from orchestrator.definition.document import Mapping as MappingNode
from orchestrator.definition.document import Sequence, Yaml
from orchestrator.definition.expressions import Reference, references, status_functions
from orchestrator.definition.graph import cycles
from orchestrator.definition.matrix import known_keys
from orchestrator.definition.model import Agent, Input, Merge, Need, Node, Run
from orchestrator.definition.nodes import Written
from orchestrator.definition.project import Project
from orchestrator.definition.reader import Reader, Use, nearest, within
from orchestrator.definition.roles import Trust
from orchestrator.definition.taint import MOST_STATIONS, Taint, open_inputs
from orchestrator.errors import Place

_COMMON = frozenset({"github", "inputs", "vars", "execution"})
_NODE = _COMMON | {"needs", "matrix"}
CONTEXTS: Mapping[str, frozenset[str]] = {
    "matrix": frozenset({"github", "inputs", "vars"}),
    **dict.fromkeys(("concurrency", "group", "cancel-in-progress"), frozenset({"github", "inputs", "vars"})),
    "if": _NODE,
    "outputs": _NODE | {"env", "outputs"},
}
"""The contexts that expressions under a key can read; other keys of a node read those of `_ELSEWHERE`."""

_ELSEWHERE = _NODE | {"env"}
_PUBLISHED = _COMMON | {"needs", "env"}
_ADDRESSES = frozenset({"labels", "add", "remove", "reviewers", "base"})
"""The keys under `publish` that say where something goes, and not what it says."""

_END = "publish:"
"""No node can be called so: it stands for what reads every node when all have ended."""

_LATER = frozenset({"secrets", "item", "index"})
_HINTS = {
    "steps": "write `needs.NODE.outputs.NAME`",
    "jobs": "write `needs.NODE.outputs.NAME`",
    "job": "write `execution`",
    "runner": "a node does not know its worker",
    "strategy": "write `matrix`",
    "input": "write `inputs`",
    "event": "write `github.event`",
}
_LONGEST_CYCLE = 12
_WRITERS = {"github": "an outsider", "inputs": "anybody whom `trust` lets start the workflow"}
"""Who writes the text of a context; others bring what agents say."""


def check_edges(nodes: Mapping[str, Written], declared: Collection[str], reader: Reader) -> None:
    """Report needs and merges of nodes that do not exist, nodes that need themselves, and cycles.

    `declared` are the ids of the file, those of unreadable nodes included.
    """
    edges: dict[str, list[str]] = {}
    for name, written in nodes.items():
        reader.node = name
        needed = [need.node for need in written.node.needs]
        for before in needed:
            _check_need(before, name, written, declared, reader)
        edges[name] = [before for before in needed if before != name]
    for cycle in cycles(edges):
        reader.node = cycle[0]
        at = nodes[cycle[0]].entries.get("needs") or nodes[cycle[0]].entries["merge"]
        reader.problem(at.key, f"the nodes wait for each other: {_shown(cycle)}", "remove one of these `needs`")
    reader.node = None


def _check_need(before: str, name: str, written: Written, declared: Collection[str], reader: Reader) -> None:
    if before == name:
        reader.problem(_place_of(before, written), "the node needs itself", "remove it from `needs`")
    elif before not in declared:
        hint = nearest(before, declared) or "nodes are named by their id"
        reader.problem(_place_of(before, written), f"there is no node `{before}`", hint)


def _place_of(before: str, written: Written) -> Yaml:
    """Where the file names `before` as a predecessor."""
    entries = [written.entries[key] for key in ("needs", "merge") if key in written.entries]
    for entry in entries:
        if isinstance(entry.value, MappingNode):
            if before in entry.value.entries:
                return entry.value.entries[before].key
        else:
            items = entry.value.items if isinstance(entry.value, Sequence) else (entry.value,)
            for item in items:
                if getattr(item, "value", None) == before:
                    return item
    return entries[0].key


def _shown(cycle: list[str]) -> str:
    if len(cycle) > _LONGEST_CYCLE:
        cycle = [*cycle[:6], f"… {len(cycle) - 9} more …", *cycle[-3:]]
    return " → ".join(cycle)


def check_servers(nodes: Mapping[str, Written], project: Project, reader: Reader) -> None:
    """Report MCP servers that are given to an engine which has no place for them."""
    for name, written in nodes.items():
        action = written.node.action
        template = project.engines.get(action.engine) if isinstance(action, Agent) and action.mcp else None
        if template and not template.takes_servers:
            reader.node = name
            hint = "name `{mcp_config_file}` or `{mcp_servers}` in its template, or leave `mcp` out"
            at = written.entries.get("mcp") or written.entries["agent"]
            reader.problem(at.key, f"the engine `{template.name}` takes no MCP servers", hint)
    reader.node = None


def check_agents(nodes: Mapping[str, Written], agents: Collection[str], reader: Reader) -> None:
    """Report agents that the library does not have."""
    for name, written in nodes.items():
        reader.node = name
        action = written.node.action
        key, agent = ("agent", action.agent) if isinstance(action, Agent) else ("resolver", None)
        if isinstance(action, Merge):
            agent = action.resolver
        if agent and agent not in agents:
            hint = nearest(agent, agents) or "`mycelium agents list` lists them"
            reader.problem(written.entries[key].value, f"there is no agent `{agent}`", hint)
    reader.node = None


class ExpressionChecks:
    """What every expression of a workflow refers to."""

    def __init__(
        self,
        nodes: Mapping[str, Written],
        inputs: Mapping[str, Input],
        env: Mapping[str, str],
        *,
        trust: Trust,
        publishes: bool = False,
    ) -> None:
        self._nodes = {name: written.node for name, written in nodes.items()}
        self._end = _end(nodes) if publishes else None
        self._unreadable = {name for name, node in nodes.items() if "strategy" in node.entries and not node.node.matrix}
        self._needs = {name: {need.node.lower() for need in node.needs} for name, node in self._nodes.items()}
        self._inputs = {name.lower() for name in inputs}
        self._input_names = list(inputs)
        everywhere = (*self._nodes.values(), *((self._end,) if self._end else ()))
        self._taint = Taint(env, everywhere, open_inputs(inputs.values(), trust))

    def check(self, reader: Reader) -> None:
        """Report everything wrong with the expressions that `reader` met."""
        for use in reader.uses:
            if use.node is not None and use.node not in self._nodes:
                continue
            reader.node = use.node
            if use.field != "if" and (called := status_functions(use.expression)):
                name = min(called)
                reader.problem(
                    use.scalar, f"`{name}()` can only stand in `if`", f"`{use.field}` may ask `needs.X.result`"
                )
            for reference in references(use.expression):
                self._check(use, reference, reader)
        reader.node = None

    def _check(self, use: Use, reference: Reference, reader: Reader) -> None:
        node = self._end if use.target else self._nodes.get(use.node) if use.node is not None else None
        if reference.path[0] == "matrix" and use.node in self._unreadable:
            return
        found = _context_problem(use, reference, node) or self._member_problem(reference, node)
        found = found or self._taint_problem(use, reference, node)
        if found:
            message, hint = found
            reader.problem(within(use.scalar, use.offset + reference.column - 1), message, hint)

    def _member_problem(self, reference: Reference, node: Node | None) -> tuple[str, str | None] | None:
        if len(reference.path) < 2:
            return None
        context, name = reference.path[:2]
        if context == "inputs" and name.lower() not in self._inputs:
            declared = nearest(name, self._input_names) or "declare it under `inputs`"
            return f"there is no input `{name}`", declared
        if context == "matrix" and node is not None:
            return _matrix_problem(name, node)
        return self._needs_problem(reference, node) if context == "needs" and node is not None else None

    def _needs_problem(self, reference: Reference, node: Node) -> tuple[str, str | None] | None:
        name = reference.path[1]
        if node is self._end:
            if name.lower() not in (known.lower() for known in self._nodes):
                return f"there is no node `{name}`", nearest(name, self._nodes)
        elif name.lower() not in self._needs[node.id]:
            known = next((known for known in self._nodes if known.lower() == name.lower()), None)
            needed = [need.node for need in node.needs]
            hint = f"add `{known}` to `needs`" if known else nearest(name, [*needed, *self._nodes])
            return f"`needs.{name}`: `{name}` is not in the `needs` of this node", hint
        if len(reference.path) > 2 and reference.path[2].lower() not in ("outputs", "result"):
            wrong = reference.path[2]
            hint = nearest(wrong, ("outputs", "result")) or "it has `result` and `outputs`"
            return f"`needs.{name}` has no `{wrong}`", hint
        return None

    def _taint_problem(self, use: Use, reference: Reference, node: Node | None) -> tuple[str, str | None] | None:
        guarded = use.field in _ADDRESSES if use.target else use.field == "run"
        if not guarded or (way := self._taint.way(reference, node)) is None:
            return None
        path = ".".join(reference.path)
        origin = " is" if path == way.source else f" carries `{way.source}`{_stations(way.through)}:"
        writer = _WRITERS.get(way.source.partition(".")[0].lower(), "an agent")
        text = f"`{path}`{origin} text that {writer} can write"
        if use.target:
            return f"{text}, and may not decide about `{use.field}` of `{use.target}`", _way_out(writer)
        return f"{text}, which `run` would execute", 'put it into `env` and write "$NAME" in the script'


def _context_problem(use: Use, reference: Reference, node: Node | None) -> tuple[str, str | None] | None:
    context = reference.path[0]
    allowed = CONTEXTS.get(use.field, _ELSEWHERE)
    if use.target:
        allowed = _PUBLISHED
    elif use.node is None:
        allowed = allowed & _COMMON
    if context in _LATER:
        return f"the context `{context}` is not supported yet", "remove it"
    if context not in _ELSEWHERE | {"outputs"}:
        hint = _HINTS.get(context) or nearest(context, allowed) or f"there is {', '.join(sorted(allowed))}"
        return f"Unrecognized named-value: '{context}'", hint
    if context not in allowed:
        return f"`{context}` cannot be read in `{use.field}`", f"there it has {', '.join(sorted(allowed))}"
    if context == "matrix" and (node is None or node.matrix is None):
        return "`matrix` is read in a node without `strategy.matrix`", "add `strategy: {matrix: …}`"
    return None


def _end(nodes: Mapping[str, Written]) -> Node:
    needs = tuple(Need(node=name) for name in nodes)
    return Node(id=_END, action=Run(script=""), place=Place(file=""), needs=needs)


def _way_out(writer: str) -> str:
    if writer == "an agent":
        return "let its `answer` choose from an `enum`, or write it out; `title` and `body` may hold it"
    return "write it out; `title` and `body` may hold it"


def _stations(paths: tuple[str, ...]) -> str:
    shown = [f"`{path}`" for path in paths[:MOST_STATIONS]] + ["…"] * (len(paths) > MOST_STATIONS)
    return f" through {', '.join(shown)}" if shown else ""


def _matrix_problem(name: str, node: Node) -> tuple[str, str | None] | None:
    known = known_keys(node.matrix) if node.matrix else None
    if known is None or name.lower() in {key.lower() for key in known}:
        return None
    return f"the matrix has no `{name}`", nearest(name, known) or f"it has {', '.join(sorted(known))}"
