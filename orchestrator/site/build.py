"""Builds the static site: each execution's folder when it changed, then the list and the agents, whole files only."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from orchestrator.errors import SetupError
from orchestrator.report.duration import span_seconds
from orchestrator.site.agents_page import FILE_NAME as AGENTS
from orchestrator.site.agents_page import agents_key, agents_page
from orchestrator.site.execution_page import ExecutionPages
from orchestrator.site.files import folder_name, write_atomically
from orchestrator.site.index_page import IndexRow, index_pages, index_row, summary
from orchestrator.site.pages import assets_folder, templates_folder
from orchestrator.site.source import SiteSource
from orchestrator.site.state import Built, State, load, page_key, save


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildReport:
    """What a build did. `built` are execution ids whose pages were made anew, `written` counts changed files."""

    index: Path
    executions: int
    built: tuple[str, ...]
    removed: tuple[str, ...]
    written: int


def build(source: SiteSource, output: Path, *, full: bool = False) -> BuildReport:
    """Bring `output` up to date; `full` makes every page anew.

    Pages of ended executions are made once, those of others each time. Folders of executions that are gone are
    removed; files that the site did not make stay. A reader never sees half a file. `SetupError` where the folder
    cannot be written.
    """
    try:
        return _build(source, output, full=full)
    except OSError as error:
        file = f"{error.filename}: " if error.filename else ""
        raise SetupError(
            f"the pages in {output} cannot be written: {file}{error.strerror}",
            hint="make room or check permissions, then make them with `mycelium site build`",
        ) from error


def _build(source: SiteSource, output: Path, *, full: bool) -> BuildReport:
    output.mkdir(parents=True, exist_ok=True)
    known = load(output)
    written = _copy_assets(output)
    built, rows, made = dict[str, Built](), list[IndexRow](), list[str]()
    for execution in source.executions():
        folder = output / "executions" / folder_name(execution.id)
        key = page_key(execution, design_digest())
        entry = known.executions.get(execution.id)
        if full or entry is None or entry.key != key or not execution.status.ended or not folder.is_dir():
            view = source.view(execution.id)
            written += ExecutionPages(source=source, view=view, folder=folder).write()
            entry = Built(key=key, summary=summary(view))
            made.append(execution.id)
            now = view.now
        else:
            now = execution.completed_at or execution.created_at
        seconds = span_seconds(execution.started_at, execution.completed_at, now)
        rows.append(index_row(execution, entry.summary, seconds))
        built[execution.id] = entry
    written += sum(write_atomically(output / name, html) for name, html in index_pages(rows))
    agents = agents_key(source.agents_key(), design_digest(), rows)
    if full or agents != known.agents or not (output / AGENTS).is_file():
        written += write_atomically(output / AGENTS, agents_page(source.agents(), rows))
    removed = _remove(output, set(known.executions) - set(built))
    save(output, State(executions=built, agents=agents))
    return BuildReport(
        index=output / "index.html", executions=len(rows), built=tuple(made), removed=removed, written=written
    )


def execution_page(output: Path, execution_id: str) -> Path:
    """Where the page of an execution lies."""
    return output / "executions" / folder_name(execution_id) / "index.html"


def pull_request_page(output: Path, execution_id: str) -> Path:
    """Where the preview of its pull request lies."""
    return output / "executions" / folder_name(execution_id) / "pull-request.html"


@cache
def design_digest() -> str:
    """Changes with templates, assets and the code that fills them, and makes every page new."""
    code = Path(__file__).parent
    files = [*code.glob("*.py"), *(code.parent / "report").glob("*.py")]
    files += [path for folder in (templates_folder(), assets_folder()) for path in folder.rglob("*") if path.is_file()]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _copy_assets(output: Path) -> int:
    folder = assets_folder()
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return sum(write_atomically(output / "assets" / path.relative_to(folder), path.read_bytes()) for path in files)


def _remove(output: Path, gone: Iterable[str]) -> tuple[str, ...]:
    removed = tuple(sorted(gone))
    for ident in removed:
        shutil.rmtree(output / "executions" / folder_name(ident), ignore_errors=True)
    return removed
