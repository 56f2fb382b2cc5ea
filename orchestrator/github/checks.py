"""Check runs and commit statuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestrator.errors import BadInput
from orchestrator.github.part import Part
from orchestrator.github.payload import MAX_DESCRIPTION, fields, output
from orchestrator.github.shapes import posted
from orchestrator.lifecycle.ports.github import CommitStatus, Posted, Urgency
from orchestrator.report.check_run import CheckAnnotation, CheckRun

if TYPE_CHECKING:
    import github


class Checks(Part):
    def find_check_runs(self, head_sha: str, name: str = "") -> list[Posted]:
        wanted = {"check_name": name} if name else {}
        ours = self.me().login
        # Any App may give its check runs our names and external ids.
        found = [
            check
            for check in self._commit(head_sha).get_check_runs(filter="all", **wanted)
            if check.app and f"{check.app.slug}[bot]" == ours
        ]
        return [posted(check) for check in sorted(found, key=lambda check: check.id, reverse=True)]

    def create_check_run(self, head_sha: str, check: CheckRun, *, urgency: Urgency = Urgency.PROGRESS) -> Posted:
        batch = check.batches[0] if check.batches else ()
        given = {**fields(check), "output": output(check, batch)}
        with self._sending(urgency):
            return posted(self._repo.create_check_run(head_sha=head_sha, **given))

    def update_check_run(self, check_id: int, check: CheckRun, *, urgency: Urgency = Urgency.PROGRESS) -> None:
        given = {**fields(check), "output": output(check)}
        with self._sending(urgency):
            self._check_run(check_id).edit(**given)

    def annotate(self, check_id: int, check: CheckRun, batch: Sequence[CheckAnnotation]) -> None:
        given = output(check, batch)
        with self._sending(Urgency.PROGRESS, once=True):
            self._check_run(check_id).edit(output=given)

    def set_status(self, sha: str, status: CommitStatus, *, urgency: Urgency = Urgency.PROGRESS) -> None:
        if len(status.description) > MAX_DESCRIPTION:
            raise BadInput(f"a commit status has a description of at most {MAX_DESCRIPTION} characters")
        target = {"target_url": status.url} if status.url else {}
        with self._sending(urgency):
            self._commit(sha).create_status(
                status.state, description=status.description, context=status.context, **target
            )

    def _check_run(self, check_id: int) -> github.CheckRun.CheckRun:
        return self._repo.get_check_run(check_id)
