"""Wake-up tokens. SQL says what there is to do; a token only says "look", so losing one costs time and nothing else."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from orchestrator.errors import Unavailable
from orchestrator.queue.connection import translated
from orchestrator.queue.names import Names

if TYPE_CHECKING:
    from redis import Redis

TAKE = "orchestrator.jobs.take"
FAILURE_SECONDS = 3600
NO_LIMIT = -1

# Workers of a queue that are not busy, minus the tokens that already wait for them. A worker whose hash has expired is
# dead. One round trip, however many workers there are.
_FREE = """
local free = -redis.call('LLEN', KEYS[2])
for _, worker in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  if redis.call('EXISTS', worker) == 1 and redis.call('HGET', worker, 'state') ~= 'busy' then free = free + 1 end
end
return free
"""

log = logging.getLogger(__name__)


class RedisWake:
    """`Wake` on Redis. Nothing here raises for a server out of reach: the sweep makes up for what was lost.

    The control loop's nudge is a list of at most one element rather than an RQ job: two commands instead of some
    seventy, and unlike a pub/sub message it is still there when the loop comes back from a restart.
    """

    def __init__(self, client: Redis, names: Names) -> None:
        self._client = client
        self._names = names

    def workers(self, label: str, count: int) -> None:
        if count < 1:
            return
        try:
            with translated("waking workers"):
                push(self._client, self._names.tokens(label), label, min(count, self._free(label)))
        except Unavailable as error:
            log.warning("%s; the sweep will wake them", error)

    def control(self) -> None:
        try:
            with translated("waking the control loop"), self._client.pipeline() as pipeline:
                pipeline.lpush(self._names.nudge, "1")
                pipeline.ltrim(self._names.nudge, 0, 0)
                pipeline.execute()
        except Unavailable as error:
            log.warning("%s; it will look by itself", error)

    def stop(self, execution_id: str) -> None:
        try:
            with translated("sending a stop message"):
                self._client.publish(self._names.stop, execution_id)
        except Unavailable as error:
            log.warning("%s; workers see the request at their next lease beat", error)

    def _free(self, label: str) -> int:
        from rq import Queue
        from rq.worker_registration import WORKERS_BY_QUEUE_KEY

        queue = self._names.tokens(label)
        waiting = Queue.redis_queue_namespace_prefix + queue
        return int(self._client.eval(_FREE, 2, WORKERS_BY_QUEUE_KEY % queue, waiting))


def push(client: Redis, queue_name: str, label: str, count: int) -> None:
    """Push `count` tokens in one round trip. The id is random: an id with a meaning gets lost when it is used again."""
    if count < 1:
        return
    from rq import Queue
    from rq.serializers import JSONSerializer

    token = Queue.prepare_data(
        TAKE,
        args=(label,),
        timeout=NO_LIMIT,
        result_ttl=0,
        failure_ttl=FAILURE_SECONDS,
        description=label,
    )
    Queue(queue_name, connection=client, serializer=JSONSerializer).enqueue_many([token] * count)


class Nudges:
    """The control loop's end of `RedisWake.control`."""

    BLOCK_SECONDS = 4.0

    def __init__(self, client: Redis, names: Names) -> None:
        self._client = client
        self._key = names.nudge

    def wait(self, seconds: float) -> bool:
        """Wait for a nudge, at most `seconds` or `BLOCK_SECONDS`, whichever is less; `Unavailable` without Redis."""
        # Zero would mean "for ever" to the server.
        block = max(0.01, min(seconds, self.BLOCK_SECONDS))
        with translated("waiting for a nudge"):
            return self._client.blpop([self._key], timeout=block) is not None
