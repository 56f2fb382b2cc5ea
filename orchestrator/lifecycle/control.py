"""The control loop of an instance: outbox, timers, overdue approvals, lost workers, wake-up tokens, publishing."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from orchestrator.errors import MyceliumError, SetupError, Unavailable
from orchestrator.lifecycle import advance, decide
from orchestrator.lifecycle.beside import Beside
from orchestrator.lifecycle.perform import perform
from orchestrator.lifecycle.ports import Lead, Lease
from orchestrator.lifecycle.publishing.steps import Publishing
from orchestrator.lifecycle.services import Services

_LOG = logging.getLogger(__name__)

STEP_SECONDS: Final = 2.0
"""How often the loop looks when nothing calls it."""

LOST_AFTER_SECONDS: Final = 30.0
"""How long a lease or a lead may stay the same, by this process's own monotonic clock."""

CLEAN_UP_SECONDS: Final = 600.0
"""How often the workspaces of dead processes are swept up, besides once when the loop begins to lead."""


class Patience:
    """Tells since when values have not changed; needs no clock but this process's own."""

    def __init__(self) -> None:
        self._seen: dict[object, tuple[object, float]] = {}

    def unchanged(self, key: object, value: object, now: float) -> float:
        """For how many seconds `key` has shown `value`."""
        known, since = self._seen.get(key, (None, now))
        if key not in self._seen or known != value:
            self._seen[key] = (value, now)
            return 0.0
        return now - since

    def forget_all_but(self, keys: set[object]) -> None:
        self._seen = {key: seen for key, seen in self._seen.items() if key in keys}


class ControlLoop:
    """Lives as long as its process, because patience needs memory; one of an instance's loops leads at a time.

    `seat` names the loop and those that follow on it when its process dies, each of which leads at once.
    Those `beside` it work as long as this loop leads.
    """

    def __init__(self, services: Services, seat: str, *beside: Beside) -> None:
        self._services = replace(services, branches=True)
        self._beside = beside
        self._holder = seat
        self._name = f"control:{services.instance}"
        self._leases = Patience()
        self._leads = Patience()
        self._cleaned_at: float | None = None
        self._publishing = Publishing(self._services)
        self._trouble: set[str] = set()

    def step(self) -> float:
        """One pass; the seconds after which it wants to be called again at the latest.

        What cannot be done now, because a service is out of reach, is logged, once as long as nothing else is the
        matter, and left to the next pass. `SetupError` where somebody must act first.
        """
        with self._watchful():
            leads = self._leads_now()
        for each in self._beside:
            each.go_on(leads)
        if not leads:
            self._cleaned_at = None
            return STEP_SECONDS
        trouble: set[str] = set()
        # Cleaning up may take a while, and nobody waits for it.
        for part in (
            self._perform_outbox,
            self._end_overdue,
            self._sweep_leases,
            self._wake_workers,
            self._publish,
            self._clean_up,
        ):
            try:
                part()
            except SetupError:
                raise
            except MyceliumError as error:
                trouble.add(str(error))
        for new in sorted(trouble - self._trouble):
            _LOG.warning("the control loop will try again: %s", new)
        self._trouble = trouble
        return self._until_due()

    def close(self) -> None:
        """Let another loop lead at once."""
        for each in self._beside:
            each.stop()
        with self._services.store.begin() as tx:
            tx.drop_lead(self._name, self._holder)

    def _leads_now(self) -> bool:
        with self._services.store.begin() as tx:
            lead = tx.lead(self._name)
            if lead and lead.holder != self._holder:
                unchanged = self._leads.unchanged(self._name, lead, self._services.clock.monotonic())
                if unchanged < LOST_AFTER_SECONDS:
                    return False
            mine = Lead(holder=self._holder, beat=lead.beat + 1 if lead else 1)
            return tx.take_lead(self._name, mine, expected=lead)

    def _perform_outbox(self) -> None:
        rows = self._services.store.effects(instance=self._services.instance)
        for execution_id in dict.fromkeys(row.execution_id for row in rows):
            perform(self._services, execution_id)

    def _end_overdue(self) -> None:
        for run in self._services.store.overdue(self._services.instance, self._services.clock.now()):
            decide.time_out(self._services, run)

    def _sweep_leases(self) -> None:
        with self._watchful():
            leases = self._services.store.leases(self._services.instance)
        # Only now: a beat between the two readings would seem older than it is, by as long as this process stood still.
        now = self._services.clock.monotonic()
        for lease in leases:
            if self._leases.unchanged(_claim(lease), lease.beat, now) >= LOST_AFTER_SECONDS:
                advance.lose(self._services, lease)
        self._leases.forget_all_but({_claim(lease) for lease in leases})

    @contextmanager
    def _watchful(self) -> Iterator[None]:
        """Nobody could beat while the store was away, so that nobody has been silent since."""
        try:
            yield
        except Unavailable:
            self._leases, self._leads = Patience(), Patience()
            raise

    def _wake_workers(self) -> None:
        ready = self._services.store.ready(self._services.instance, self._services.clock.now())
        for label, count in ready.items():
            self._services.wake.workers(label, count)

    def _publish(self) -> None:
        """Where nothing works beside this loop."""
        if not self._beside:
            self._publishing.step()

    def _clean_up(self) -> None:
        now = self._services.clock.monotonic()
        if self._cleaned_at is not None and now - self._cleaned_at < CLEAN_UP_SECONDS:
            return
        self._cleaned_at = now
        try:
            self._services.git.sweep(quota_bytes=self._services.workspace_quota_bytes)
        except (OSError, SetupError) as error:
            _LOG.warning("leftover workspaces stay for now: %s", error)

    def _until_due(self) -> float:
        due = self._services.store.next_due(self._services.instance)
        seconds = (due - self._services.clock.now()).total_seconds() if due else STEP_SECONDS
        # What is due already waits for a worker or a service, and asking more often would not help it.
        return min(seconds, STEP_SECONDS) if seconds > 0 else STEP_SECONDS


def _claim(lease: Lease) -> object:
    return lease.execution_id, lease.index, lease.epoch
