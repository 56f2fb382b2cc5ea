"""The agent library: every agent a workflow of a repository may name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import PurePosixPath

from orchestrator.agents.front_matter import AgentFile, read
from orchestrator.agents.index import Entry, read_indexes
from orchestrator.definition.model import AgentDefinition
from orchestrator.errors import NotFound, Place, Problem

KEYWORDS = 12
SHARED_BY = 3
_LAYERS = (
    re.compile(r"\.claude/agents/(?P<inner>.+)"),
    re.compile(r"agents/(?P<inner>.+)"),
    re.compile(r"plugins/(?P<plugin>[^/]+)/agents/(?P<inner>.+)"),
)
FOLDERS = (".claude/agents", "agents", "plugins")
"""All of a repository's agents lie below one of these."""
_WORD = re.compile(r"[a-z][a-z0-9+#-]{2,}")
_ORDER_NUMBER = re.compile(r"^\d+[-_ ]")
_FILLERS = frozenset(
    _WORD.findall(
        "about after agent agents all and any are before can code does each for from has have how into its more must "
        "new not only out proactively should specialist that the their them then these this use used uses using via "
        "what when where which who whose with without you your expert"
    )
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Library:
    """Agents by id, sorted, and what is wrong with the files that gave none."""

    agents: Mapping[str, AgentDefinition]
    problems: tuple[Problem, ...] = ()

    def find(self, name: str) -> AgentDefinition:
        """The agent with this id, or with this name; `NotFound` hints at the nearest."""
        agent = self.agents.get(name) or next((each for each in self.agents.values() if each.name == name), None)
        if agent is not None:
            return agent
        near = get_close_matches(name, self.agents, n=1)
        raise NotFound(
            f"no agent `{name}`", hint=f"did you mean `{near[0]}`?" if near else "`mycelium agents list` lists them"
        )

    def search(self, query: str) -> list[AgentDefinition]:
        """Agents that fit any word of `query`, best first; the id counts most, then keywords, then the rest."""
        words = query.lower().split()
        scored = [(sum(_score(agent, word) for word in words), agent) for agent in self.agents.values()]
        return [agent for score, agent in sorted(scored, key=lambda each: (-each[0], each[1].id)) if score]


def is_agent_path(path: str) -> bool:
    """Whether the file at this path of a repository belongs to its library."""
    return _layer(path) is not None


def build(files: Mapping[str, str], *, shipped: Mapping[str, str] | None = None) -> Library:
    """The library of a repository's files (text by path) over the shipped ones (text by file name).

    `.claude/agents` wins over `agents`, that over `plugins/*/agents`, and that over what ships. Other files may be
    among `files`; they are ignored.
    """
    layers: list[dict[str, str]] = [{} for _ in _LAYERS]
    for path in sorted(files):
        number = _layer(path)
        if number is not None:
            layers[number][path] = files[path]
    agents: dict[str, AgentDefinition] = {}
    problems: list[Problem] = []
    for layer in (*layers, dict(shipped or {})):
        found, wrong = _read_layer(layer)
        agents = {**found, **agents}
        problems += wrong
    return Library(agents=dict(sorted(agents.items())), problems=tuple(problems))


def _layer(path: str) -> int | None:
    pure = PurePosixPath(path)
    wanted = pure.name == "index.json" or (pure.suffix == ".md" and not pure.stem.isupper())
    if not wanted:
        return None
    return next((number for number, pattern in enumerate(_LAYERS) if pattern.fullmatch(path)), None)


def _read_layer(files: Mapping[str, str]) -> tuple[dict[str, AgentDefinition], list[Problem]]:
    """One layer's agents; an id may stand in it twice only with the same prompt, as plugins share agents."""
    entries, problems = read_indexes({path: text for path, text in files.items() if path.endswith("index.json")})
    read_files: dict[str, AgentFile] = {}
    for path, text in files.items():
        if path.endswith("index.json"):
            continue
        file, wrong = read(path, text)
        problems += wrong
        if file is None:
            continue
        first = read_files.setdefault(file.id, file)
        if first.prompt != file.prompt:
            problems.append(_duplicate(file, first))
    shared = _shared_prefixes(file for file in read_files.values() if not _folder(file.path))
    return {id_: _definition(file, entries, shared) for id_, file in read_files.items()}, problems


def _definition(file: AgentFile, entries: Mapping[str, Entry], shared: frozenset[str]) -> AgentDefinition:
    entry = entries.get(file.id) or entries.get(file.name) or Entry()
    return AgentDefinition(
        id=file.id,
        name=file.name,
        description=file.description,
        prompt=file.prompt,
        category=entry.category or file.category or _folder(file.path) or _prefix(file.path, shared),
        keywords=entry.keywords or _keywords(f"{file.id.replace('-', ' ')} {file.description}"),
        tools=file.tools,
        model=file.model,
        source=file.path,
    )


def _folder(path: str) -> str:
    """The folder below `agents/` that names the category (`01-` is for sorting only), or the plugin's name."""
    for pattern in _LAYERS:
        if match := pattern.fullmatch(path):
            parents = PurePosixPath(match["inner"]).parts[:-1]
            name = parents[0] if parents else match.groupdict().get("plugin") or ""
            return _ORDER_NUMBER.sub("", name)
    return ""


def _prefix(path: str, shared: frozenset[str]) -> str:
    """`security` of `security--auditor.md`; of `security-auditor.md` too where several files share it."""
    stem = PurePosixPath(path).stem
    if "--" in stem:
        return stem.partition("--")[0]
    first = stem.partition("-")[0]
    return first if first in shared else ""


def _shared_prefixes(files: Iterable[AgentFile]) -> frozenset[str]:
    stems = [PurePosixPath(file.path).stem for file in files]
    counts = Counter(stem.partition("-")[0] for stem in stems if "-" in stem)
    return frozenset(prefix for prefix, count in counts.items() if count >= SHARED_BY)


def _keywords(text: str) -> tuple[str, ...]:
    words = (word.strip("-") for word in _WORD.findall(text.lower()))
    return tuple(dict.fromkeys(word for word in words if word not in _FILLERS))[:KEYWORDS]


def _score(agent: AgentDefinition, word: str) -> int:
    identity = f"{agent.id} {agent.name}".lower()
    keywords = [keyword.lower() for keyword in agent.keywords]
    return (
        8 * (word == agent.id)
        + 4 * (word in identity)
        + 2 * (word in keywords or word == agent.category.lower())
        + (word in agent.description.lower())
    )


def _duplicate(file: AgentFile, first: AgentFile) -> Problem:
    return Problem(
        message=f"the agent `{file.id}` stands in {first.path} already",
        place=Place(file=file.path),
        hint="give one of them another `name`",
    )
