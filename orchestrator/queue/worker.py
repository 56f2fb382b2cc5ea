"""A worker process: RQ's SimpleWorker, cut down to what a token needs and kept honest about being alive."""

from __future__ import annotations

import gc
import logging
import os
import signal
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.exceptions import InvalidJobOperation, NoSuchJobError, StopRequested
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import BaseDeathPenalty
from rq.worker.base import WorkerStatus
from rq.worker_registration import register

from orchestrator.errors import BadInput, MyceliumError, SetupError
from orchestrator.queue import mortal
from orchestrator.queue.connection import connect, translated
from orchestrator.queue.link import Link, resolve
from orchestrator.queue.names import Names
from orchestrator.queue.signals import RedisStopSignals
from orchestrator.queue.tokens import push

if TYPE_CHECKING:
    from redis import Redis
    from redis.client import Pipeline

BLOCK_SECONDS = 10
ALIVE_SECONDS = 180
BEAT_SECONDS = 60.0
DRAIN_SECONDS = 25.0
DRAIN_EXPIRED = 75
COLLECT_EVERY = 50_000
"""Objects that a worker may make, net, before Python looks for garbage; 700 by default."""
SERVER_GONE = (RedisError, InvalidJobOperation, NoSuchJobError)
"""What RQ raises when the server went away in the middle of a job, or came back without it."""

log = logging.getLogger(__name__)


class RefusedFunction(BadInput):
    """A job asked for something that is not in the registry; whoever enqueued it is not one of us."""


class Token(Job):
    """A job that can call what the registry names, with one label, and nothing else whatever its fields say.

    RQ imports and calls any function by name, callbacks and web hooks included, for whoever can write to Redis.
    """

    registry: Mapping[str, Callable[[str], int]] = {}

    @property
    def func(self) -> Callable[[str], int]:
        function = self.registry.get(self.func_name) if isinstance(self.func_name, str) else None
        plain = len(self.args) == 1 and isinstance(self.args[0], str) and not self.kwargs and not self.instance
        if function is None or not plain:
            raise RefusedFunction(f"refused a job for {str(self.func_name)[:100]!r}", hint="only tokens run here")
        return function

    @property
    def success_callback(self) -> None:
        return None

    @property
    def failure_callback(self) -> None:
        return None

    @property
    def stopped_callback(self) -> None:
        return None

    def send_webhooks(self, *_args: object, **_kwargs: object) -> None:
        """None are ever sent."""


class NoLimit(BaseDeathPenalty):
    """Node runs have their own time limits, kept by whoever runs them; RQ's alarm stays off."""

    def setup_death_penalty(self) -> None: ...

    def cancel_death_penalty(self) -> None: ...


class InALine(logging.Filter):
    """A server that went away is told in a line; RQ would show the whole stack."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if isinstance(error, SERVER_GONE):
            record.msg, record.args, record.exc_info = f"{record.getMessage()} ({error})", (), None
        return True


class TokenWorker(SimpleWorker):
    """Takes tokens and runs them in this very process."""

    job_class = Token
    death_penalty_class = NoLimit

    def __init__(self, link: Link, name: str, client: Redis, signals: RedisStopSignals) -> None:
        names = Names(instance=link.instance)
        super().__init__(
            [names.tokens(label) for label in link.labels],
            name=name,
            connection=client,
            worker_ttl=ALIVE_SECONDS,
            # RQ keeps a worker alive for this interval and a minute more.
            job_monitoring_interval=ALIVE_SECONDS - 60,
            serializer=JSONSerializer,
            log_job_description=False,
        )
        self.log_result_lifespan = False
        self._labels = link.labels
        self._signals = signals
        self._performing = False
        self._failure: SetupError | None = None

    @property
    def dequeue_timeout(self) -> int:
        return BLOCK_SECONDS

    def bootstrap(self, *_args: object, **_kwargs: object) -> None:
        """Register, and look once: what became ready before we were registered woke nobody."""
        self.register_birth()  # type: ignore[no-untyped-call]  # RQ leaves it so
        self.set_state(WorkerStatus.STARTED)
        for queue, label in zip(self.queues, self._labels, strict=True):
            push(self.connection, queue.name, label, 1)

    def procline(self, message: str) -> None:
        """The process title stays as it is."""

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """As RQ's, in one round trip, and registering again: a restarted server has forgotten us."""
        if pipeline is not None:
            super().heartbeat(timeout, pipeline=pipeline)
            return
        if self._stop_requested and not self._performing:
            raise StopRequested
        with self.connection.pipeline() as own:
            super().heartbeat(timeout, pipeline=own)
            register(self, pipeline=own)
            own.execute()

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:  # noqa: ARG002 - as RQ has it
        return ALIVE_SECONDS

    def execute_job(self, job: Job, queue: Queue) -> None:
        self._performing = True
        try:
            super().execute_job(job, queue)
        finally:
            self._performing = False

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        with self._beating(job, execution):
            return bool(super().perform_job(job, queue, execution))

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """The node is settled, or made ready again, in SQL; that its token could not be put away is one line."""
        if isinstance(exc_info[1], SERVER_GONE):
            log.warning("a token could not be put away: %s", exc_info[1])
        else:
            super().handle_exception(job, *exc_info)

    def rest(self) -> None:
        """Let pushers of tokens count this worker as free."""
        with translated("ending a job"):
            self.set_state(WorkerStatus.IDLE)

    def request_stop(self, number: int = signal.SIGTERM, *_frame: object) -> None:
        """Take nothing new and end: on SIGTERM after the running node, on `HURRY` as soon as that is stopped.

        After `DRAIN_SECONDS` the worker ends in any case.
        """
        hurry = number == mortal.HURRY
        if self._stop_requested and not hurry:
            return
        self._signals.drain(hurry=hurry)
        if self._stop_requested:
            return
        self._stop_requested = True
        limit = threading.Timer(DRAIN_SECONDS, os._exit, (DRAIN_EXPIRED,))
        limit.daemon = True
        limit.start()
        if not self._performing:
            raise StopRequested

    def give_up(self, error: SetupError) -> None:
        """Take nothing new, and end `attend` with this error."""
        self._failure = error
        self._stop_requested = True

    def attend(self) -> None:
        """Run tokens until told to stop; `SetupError` where there is no point in going on."""
        try:
            self.work(with_scheduler=False)
        except StopRequested:
            # SIGTERM came after the handler was set and before RQ's loop was entered.
            log.debug("stopped before the first token")
        if self._failure:
            raise self._failure

    def _install_signal_handlers(self) -> None:
        # Ctrl+C reaches the whole group; whoever started us decides what becomes of us.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self.request_stop)
        signal.signal(mortal.HURRY, self.request_stop)

    @contextmanager
    def _beating(self, job: Job, execution: Execution) -> Generator[None]:
        """SimpleWorker sends no heartbeat during a job, and maintenance would then mark a live job as failed."""
        done = threading.Event()

        def beat() -> None:
            while not done.wait(BEAT_SECONDS):
                try:
                    with translated("sending a heartbeat"):
                        self.maintain_heartbeats(job, execution)
                except MyceliumError as error:
                    log.debug("%s", error)

        thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def run(link: Link, seat: str) -> None:
    """What a worker process does after the fork, until it is told to drain.

    A seat has one process at a time, so what the ones before it ran is lost, and is made ready again at once.
    `Unavailable` without Redis; the pool starts another one then. `SetupError` where somebody must act first.
    """
    mortal.close_to_others()
    rq_log = logging.getLogger("rq.worker")
    rq_log.setLevel(logging.WARNING)
    rq_log.addFilter(InALine())
    jobs: Any = import_module(link.jobs)
    # Without silent reconnects: RQ's loop must notice a new server, because that one does not know this worker.
    client = connect(link.redis_url, block_seconds=BLOCK_SECONDS, retries=0)
    signals = RedisStopSignals(connect(link.redis_url), Names(instance=link.instance).stop)
    with translated("starting a worker"):
        worker = TokenWorker(link, f"{seat}.{os.getpid()}", client, signals)
        Token.registry = jobs.REGISTRY
        services = link.build()
        resolve(link.lose)(services, seat)
        resolve(link.warm_up)()
        jobs.bind(
            jobs.Application(
                services=services,
                signals=signals,
                worker=worker.name,
                labels=link.labels,
                work=resolve(link.work),
                rest=worker.rest,
                give_up=worker.give_up,
            )
        )
        signals.start()
        _spare_the_collector()
        try:
            worker.attend()
        finally:
            signals.close()


def _spare_the_collector() -> None:
    """What a worker is made of stays; to look through it for garbage costs a fifth of the time of small nodes."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY)
