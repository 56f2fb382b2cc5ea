"""The same graphs as plain RQ jobs that wait for one another (`depends_on`), run by SimpleWorkers.

`python -m tests.bench.raw_rq URL` is one of the workers.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from orchestrator.queue.connection import connect
from orchestrator.queue.server import EmbeddedServer, find_binary
from tests.bench.shapes import PROGRAM, Shape

if TYPE_CHECKING:
    from redis import Redis

QUEUE = "bench"
KEEP_SECONDS = 3600
LOOK_SECONDS = 0.005
BLOCK_SECONDS = 10


def job() -> None:
    subprocess.run([PROGRAM], check=True)


@contextmanager
def workers(count: int) -> Iterator[Redis]:
    """A server of their own and `count` workers; a client of the server."""
    server = EmbeddedServer(find_binary())
    processes: list[subprocess.Popen[bytes]] = []
    try:
        server.start()
        command = [sys.executable, "-m", __spec__.name if __spec__ else __name__, server.url]
        processes += [subprocess.Popen(command) for _ in range(count)]
        yield connect(server.url)
    finally:
        for process in processes:
            process.kill()
            process.wait()
        server.stop()


def seconds(client: Redis, shape: Shape, limit: float) -> float | None:
    """For all nodes, enqueueing included; None where they are not done within `limit` seconds.

    Such a server is of no more use: jobs of this graph are left in it.
    """
    from rq import Queue
    from rq.job import Job

    queue = Queue(QUEUE, connection=client)
    jobs: list[Job] = []
    begun = time.time()
    for parents in shape.parents:
        jobs.append(queue.enqueue(job, depends_on=[jobs[each] for each in parents] or None, result_ttl=KEEP_SECONDS))
        if time.time() - begun > limit:
            return None
    finished = queue.finished_job_registry.key
    while client.zcard(finished) < shape.nodes:
        if time.time() - begun > limit:
            return None
        time.sleep(LOOK_SECONDS)
    ended = [each.ended_at for each in Job.fetch_many([each.id for each in jobs], connection=client) if each]
    client.delete(finished)
    return max(each.timestamp() for each in ended if each) - begun


def main(url: str) -> None:
    from rq import SimpleWorker

    logging.getLogger("rq.worker").setLevel(logging.WARNING)
    with suppress(KeyboardInterrupt):
        SimpleWorker([QUEUE], connection=connect(url, block_seconds=BLOCK_SECONDS)).work(logging_level="WARNING")


if __name__ == "__main__":
    main(sys.argv[1])
