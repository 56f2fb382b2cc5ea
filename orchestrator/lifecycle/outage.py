"""Sitting out an outage: what a node has done is not thrown away because the database restarts just then."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final, TypeVar

from orchestrator.errors import Unavailable

PAUSES: Final = (0.1, 0.2, 0.5, 1.0) + (2.0,) * 60
"""Seconds between one try and the next: about two minutes in all."""

_LOG = logging.getLogger(__name__)
Found = TypeVar("Found")


def through_outage(deed: Callable[[], Found]) -> Found:
    """Do something that may be done twice, again and again while a service is out of reach; then `Unavailable`.

    Where a commit's answer was lost, the deed may have been done: it must find that out by itself, as everything does
    that carries a claim's epoch.
    """
    for tries, pause in enumerate(PAUSES):
        try:
            return deed()
        except Unavailable as error:
            if not tries:
                _LOG.warning("waiting for a service to come back: %s", error)
            time.sleep(pause)
    return deed()
