"""The pages of one execution: itself, its long logs, the pull request it makes, and its JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.execution.outcome import Artifact
from orchestrator.execution.state import NodeRun
from orchestrator.report.attention import decisions
from orchestrator.report.figures import failures, figures, sentence
from orchestrator.report.grouping import node_groups
from orchestrator.report.view import ExecutionView
from orchestrator.site.diff import FileDiff, file_diffs
from orchestrator.site.files import artifact_name, unique_slugs, write_atomically
from orchestrator.site.graph import drawing
from orchestrator.site.log import log_lines, log_pages, run_log
from orchestrator.site.node_section import KeptFile, Material, NodeSection, kept_file, node_section
from orchestrator.site.pages import page
from orchestrator.site.pull_request import pull_request
from orchestrator.site.source import SiteSource
from orchestrator.site.timeline import timeline
from orchestrator.site.yaml_lines import yaml_lines

_ROOT = "../../"


@dataclass(frozen=True, kw_only=True)
class ExecutionPages:
    """Writes the folder of one execution."""

    source: SiteSource
    view: ExecutionView
    folder: Path

    def write(self) -> int:
        """How many files are new or changed."""
        slugs = self._slugs()
        sections = [node_section(self.view, run, self._material(run, slugs[run.index])) for run in self.view.runs]
        changed = file_diffs(self.source.diff(self.view.execution.id, None))
        made = [*self._execution(sections, changed), *self._pull_request(sections, changed), *self._logs(sections)]
        return sum(write_atomically(self.folder / name, content) for name, content in made)

    def _slugs(self) -> dict[int, str]:
        names = unique_slugs([run.key for run in self.view.runs])
        return {run.index: names[run.key] for run in self.view.runs}

    def _material(self, run: NodeRun, slug: str) -> Material:
        ident = self.view.execution.id
        changed = bool(run.outcome and run.outcome.commit and run.outcome.changes)
        artifacts = run.outcome.artifacts if run.outcome else ()
        return Material(
            slug=slug,
            log=run_log(log_lines(self.source, ident, run.index)),
            diffs=file_diffs(self.source.diff(ident, run.index)) if changed else (),
            files=tuple(self._kept(artifact, slug) for artifact in artifacts),
        )

    def _kept(self, artifact: Artifact, slug: str) -> KeptFile:
        name = f"artifacts/{slug}/{artifact_name(artifact.name, artifact.digest)}"
        if not (self.folder / name).is_file():
            content = self.source.artifact(artifact.digest)
            if content is None:
                return kept_file(artifact, "")
            write_atomically(self.folder / name, content)
        return kept_file(artifact, name)

    def _execution(self, sections: list[NodeSection], changed: tuple[FileDiff, ...]) -> Iterator[tuple[str, str]]:
        view = self.view
        by_index = {section.run.index: section for section in sections}
        anchors = {section.run.index: section.anchor for section in sections}
        yield (
            "index.html",
            page(
                "execution.html",
                root=_ROOT,
                **self._common(),
                figures=figures(view),
                files=changed,
                failures=[by_index[run.index] for run in failures(view)],
                decisions=decisions(view),
                groups=[[by_index[run.index] for run in group.runs] for group in node_groups(view)],
                sections=sections,
                graph=drawing(view, anchors),
                timeline=timeline(view, anchors, {s.run.index: s.log.attempts for s in sections}),
                yaml=yaml_lines(self.source.workflow_source(view.execution.id)),
            ),
        )
        document = self.source.document(view.execution.id)
        yield "execution.json", json.dumps(document, indent=2, ensure_ascii=True, default=str) + "\n"

    def _pull_request(self, sections: list[NodeSection], changed: tuple[FileDiff, ...]) -> Iterator[tuple[str, str]]:
        anchors = {section.run.index: f"check-{section.slug}" for section in sections}
        yield (
            "pull-request.html",
            page(
                "pull_request.html",
                root=_ROOT,
                **self._common(),
                figures=figures(self.view),
                pull=pull_request(self.view, anchors, changed),
                graph=drawing(self.view, anchors),
            ),
        )

    def _logs(self, sections: list[NodeSection]) -> Iterator[tuple[str, str]]:
        for section in sections:
            if not section.log.is_long:
                continue
            lines = log_lines(self.source, self.view.execution.id, section.run.index)
            for number, groups in enumerate(log_pages(lines), start=1):
                yield (
                    _log_file(section.slug, number),
                    page(
                        "log.html",
                        root=f"{_ROOT}../",
                        **self._common(),
                        section=section,
                        groups=groups,
                        number=number,
                        names=[Path(_log_file(section.slug, at)).name for at in range(1, section.log.pages + 1)],
                    ),
                )

    def _common(self) -> Mapping[str, object]:
        return {"view": self.view, "execution": self.view.execution, "sentence": sentence(self.view)}


def _log_file(slug: str, number: int) -> str:
    return f"logs/{slug}.html" if number == 1 else f"logs/{slug}.{number}.html"
