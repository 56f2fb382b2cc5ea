"""The page of all agents: a table of what each has done lately, and a section for each."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from orchestrator.report.experience import AgentsReport
from orchestrator.site.agent_sections import HEIGHT, WEEKS, ExecutionLink, agent_section
from orchestrator.site.index_page import IndexRow
from orchestrator.site.pages import page

FILE_NAME = "agents.html"


def agents_key(source_key: str, design: str, rows: Sequence[IndexRow]) -> str:
    """Equal for equal pages: they tell of attempts, and link to the executions that have pages."""
    shown = [f"{row.execution.id} {row.execution.number} {row.execution.workflow_name}" for row in rows]
    return hashlib.sha256("\n".join([design, source_key, *shown]).encode("utf-8", "replace")).hexdigest()


def agents_page(report: AgentsReport, rows: Sequence[IndexRow]) -> str:
    """Its HTML; advice where no agent has run."""
    links = _links(rows)
    sections = [agent_section(each, report.today, links) for each in report.agents]
    return page("agents.html", report=report, sections=sections, weeks=WEEKS, height=HEIGHT)


def _links(rows: Sequence[IndexRow]) -> Mapping[str, ExecutionLink]:
    return {
        row.execution.id: ExecutionLink(
            title=f"{row.execution.workflow_name or row.execution.workflow_id} #{row.execution.number}", href=row.href
        )
        for row in rows
    }
