"""`python -m tests.gallery_page` writes `docs/gallery.md` from the templates, with a picture of each graph."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from orchestrator import gallery
from orchestrator.agents.collection import shipped
from orchestrator.agents.library import build
from orchestrator.definition.graph import ancestors
from orchestrator.definition.model import Agent, EdgeCondition, Input, Merge, Node, Run, Trigger, Workflow
from orchestrator.definition.parse import load_workflow
from orchestrator.gallery import Template
from orchestrator.report.mermaid import escaped

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "gallery.md"
_INTRODUCTION: Final = """\
# Gallery

Workflows that ship with Mycelium and work in any repository. Each is played in a foreign repository by a test, with
agents that were recorded.

```sh
mycelium plan template:code-review                       # what would run
mycelium run template:code-review --input engine=replay  # its recorded example: no key, no model
mycelium run template:code-review --input "base=$(git merge-base main HEAD)"   # what your branch changes
mycelium init --template code-review                     # in GitHub Actions, from now on
```

`template:NAME` is the file of the installed version, whatever files your repository has. `mycelium init` copies it
into your workflows folder, where it is yours to change. Agents are those of your repository where it has one of that
name, else those that [ship](agents.md#the-library).

All of them have in common:

- **Inputs with defaults.** `engine` and `model` choose who works; the others are below. A command, `test: npm test`
  say, is guessed from the files of the repository where none is given.
- **A budget** for the whole execution, and for what runs side by side. Dollars are an upper limit: most executions
  take a small part.
- **Nothing leaves but what `publish` names**, and of a pull request nothing that decides what runs next: `.github/`,
  workflows, agents and `mycelium.yaml` are left out by `allow`, whatever an agent writes.
- **Text of others is data.** What an issue, a branch or a test's output says reaches agents in fences, and no `run`
  node as code.
- **Who may start them** is said by `trust`: who may write, but for issue triage, which everybody starts and whose
  agent can only read, and release notes, which take the role maintain.

`run` nodes execute the repository's own commands, as any CI does: with the rights of the worker and with no secret in
their environment. What an agent changed is executed there too, by the tests that judge it. Use machines that nothing
depends on, such as those of GitHub.
"""
_EVENTS: Final = {
    "pull_request": "a pull request",
    "issues": "an issue",
    "workflow_dispatch": "a start by hand",
}
_CLASSES: Final = """\
  classDef agent fill:#e9e3fa,stroke:#6a4bbf,color:#3c2488
  classDef run fill:#f4f2ee,stroke:#b8b2a8,color:#4a453d
  classDef merge fill:#dff3e4,stroke:#2c7a4b,color:#14492a
  classDef approval fill:#fdf0d3,stroke:#b7791f,color:#6b430a
  classDef leaves fill:#ffffff,stroke:#2c7a4b,color:#14492a,stroke-dasharray:4 3"""
_WIDEST: Final = 6
"""Nodes beside each other that can still be read on a page; longer graphs are drawn downwards."""
_SHAPES: Final = {"agent": ('(["', '"])'), "run": ('["', '"]'), "merge": ('[["', '"]]'), "approval": ('{{"', '"}}')}
_WHEN: Final = {EdgeCondition.ON_FAILURE: "on failure", EdgeCondition.ALWAYS: "always"}


def load(template: Template) -> Workflow:
    """A template with nothing but the agents that ship."""
    return load_workflow(template.text, template.path("workflows"), agents=build({}, shipped=shipped()).agents)


def page() -> str:
    return "\n".join([_INTRODUCTION, *(_section(each) for each in gallery.templates())])


def picture(workflow: Workflow) -> str:
    """The graph as Mermaid: agents round, commands square; edges that others imply are left out."""
    ids = {name: f"n{number}" for number, name in enumerate(workflow.nodes)}
    lines = [f"flowchart {'LR' if _depth(workflow) <= _WIDEST else 'TB'}"]
    for node in workflow.nodes.values():
        opening, closing = _SHAPES[node.kind.value]
        label = "<br/>".join(map(escaped, _label(node)))
        lines.append(f"  {ids[node.id]}{opening}{label}{closing}:::{node.kind.value}")
    for node in workflow.nodes.values():
        for source, condition in _edges(node, workflow):
            arrow = f'-->|"{escaped(condition)}"|' if condition else "-->"
            lines.append(f"  {ids[source]} {arrow} {ids[node.id]}")
    return "\n".join([*lines, *_leaving(workflow, ids), _CLASSES])


def _depth(workflow: Workflow) -> int:
    """The nodes on the longest way through the graph."""
    depths: dict[str, int] = {}
    for node in workflow.nodes.values():
        depths[node.id] = 1 + max((depths[need.node] for need in node.needs), default=0)
    return max(depths.values())


def _edges(node: Node, workflow: Workflow) -> Iterator[tuple[str, str]]:
    names = [need.node for need in node.needs]
    for need in node.needs:
        if any(need.node in ancestors(workflow.nodes, other) for other in names if other != need.node):
            continue
        yield need.node, _WHEN.get(need.when, "") or _condition(node)


def _condition(node: Node) -> str:
    """What an `if` asks of an output, in a word or two."""
    text = node.condition or ""
    if "(" in text or text.count("needs.") != 1:
        return ""
    return text.partition(".outputs.")[2].replace("'", "").replace("==", "is").replace(">", "above")


def _label(node: Node) -> Iterator[str]:
    yield node.name or node.id
    match node.action:
        case Agent(agent=agent):
            yield f"{agent}, once for each" if node.matrix else agent
        case Merge(resolver=str(resolver)):
            yield f"merge, {resolver} resolves"
        case Run():
            yield "commands"


def _leaving(workflow: Workflow, ids: dict[str, str]) -> Iterator[str]:
    if workflow.publish is None:
        return
    shown: dict[str, str] = {}
    for target in workflow.publish.targets:
        if target.source:
            if target.kind.value not in shown:
                shown[target.kind.value] = f"out{len(shown)}"
                yield f'  {shown[target.kind.value]}>"{escaped(target.kind.value.replace("-", " "))}"]:::leaves'
            yield f"  {ids[target.source]} -.-> {shown[target.kind.value]}"


def _section(template: Template) -> str:
    workflow = load(template)
    inputs = [_input(name, each) for name, each in workflow.inputs.items() if name not in ("engine", "model")]
    comment = " ".join(
        line.removeprefix("# ") for line in template.text.split("\n\n")[0].split("\nname:")[0].split("\n")
    )
    return "\n".join(
        [
            f"## {workflow.name}\n",
            f"`template:{template.name}`: {workflow.description}\n",
            f"```mermaid\n{picture(workflow)}\n```\n",
            f"{comment}\n",
            f"Starts with {_joined([_trigger(each) for each in workflow.triggers], 'or')}. "
            f"Publishes {_joined(_published(workflow), 'and')}. {_limits(workflow)}\n",
            *(["| Input | Default | |\n|---|---|---|", *inputs, ""] if inputs else []),
        ]
    )


def _input(name: str, given: Input) -> str:
    default = str(given.default).lower() if isinstance(given.default, bool) else str(given.default or "")
    cell = default.replace("|", "\\|")
    return f"| `{name}` | {f'`{cell}`' if cell else ''} | {given.description} |"


def _trigger(trigger: Trigger) -> str:
    match trigger.event:
        case "comment":
            alias = f" (or `{trigger.filters['alias']}`)" if trigger.filters.get("alias") else ""
            return f"the command `/mycelium {trigger.filters['command']}`{alias}"
        case "label":
            names = trigger.filters["name"]
            return f"the label `{names[0] if isinstance(names, list) else names}`"
        case "schedule":
            entries = trigger.filters["entries"]
            assert isinstance(entries, list)
            return "the schedule " + ", ".join(f"`{each['cron']}`" for each in entries if isinstance(each, dict))
        case event:
            return _EVENTS[event]


def _published(workflow: Workflow) -> list[str]:
    assert workflow.publish is not None
    articles = {"issue": "an issue", "labels": "labels"}
    kinds = dict.fromkeys(each.kind.value for each in workflow.publish.targets)
    return [articles.get(kind, f"a {kind.replace('-', ' ')}") for kind in kinds]


def _limits(workflow: Workflow) -> str:
    assert workflow.budget is not None
    assert workflow.budget.usd is not None
    return f"At most ${workflow.budget.usd:.2f}, for who has the role {workflow.trust.actors.word} or more."


def _joined(words: list[str], last: str) -> str:
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), words[-1])))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
