"""Trying what a process tree shares with others before it is started."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from orchestrator.settings import Settings


def try_shared(settings: Settings) -> None:
    """Raise what is wrong with the shared database or Redis, so that it is told once, before anything is started.

    A process of its own tries them: what that takes to import would stay in this one's memory for good.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as trial:
        trial.submit(_try_shared, settings).result()


def _try_shared(settings: Settings) -> None:
    from orchestrator import app

    with app.shared(settings):
        pass
