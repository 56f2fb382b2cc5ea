"""Making GitHub agree with what is stored: one write at a time, the most urgent of all executions first.

What is sent is what is true when it is sent, so a write that had to wait is never old, and none that was left out is
missed. Nothing sleeps here, and nobody waits for it: a pass sends one request at most, and says when to come again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from orchestrator.errors import MyceliumError, Unavailable
from orchestrator.execution.showing import MISTAKE, Showing, Shown
from orchestrator.execution.state import Execution
from orchestrator.lifecycle.links import links
from orchestrator.lifecycle.ports.github import Busy, Forbidden, GitHub, Room, Urgency, User
from orchestrator.lifecycle.projection.due import Write
from orchestrator.lifecycle.projection.holding import held_back
from orchestrator.lifecycle.projection.picture import Due, Picture
from orchestrator.lifecycle.projection.wanted import Kind
from orchestrator.lifecycle.projection.writing import Desk, Superseded, carry_out
from orchestrator.lifecycle.services import Services
from orchestrator.report.comment import is_comment_of, shown_execution

IDLE_SECONDS: Final = 1.0
"""How often the store is asked what has changed."""

AFTER_BUG_SECONDS: Final = 60.0

FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(seconds=15)
"""How long GitHub is left alone after it did not answer: doubled each time. It may be back at any moment."""

_LOG = logging.getLogger(__name__)


class Projection:
    """Of the executions of one instance on one repository; lives as long as its process, and may die at any time."""

    def __init__(self, services: Services, github: GitHub) -> None:
        self._services = services
        self._github = github
        self._pictures: dict[str, Picture] = {}
        self._closed: dict[tuple[Urgency, bool], datetime] = {}
        self._silent_until: datetime | None = None
        self._pause = FIRST_PAUSE
        self._answered_at: datetime | None = None
        self._me: User | None = None

    def step(self) -> float:
        """One pass; the seconds after which it wants to be called again at the latest."""
        now = self._services.clock.now()
        if self._silent_until and now < self._silent_until:
            return _seconds(self._silent_until - now)
        self._look()
        self._closed = {key: until for key, until in self._closed.items() if until > now}
        held = [(each, picture) for picture in self._pictures.values() for each in picture.writes()]
        for each, picture in sorted(held, key=lambda pair: pair[0].order):
            if each.at <= now and self._free(each.write, now) and self._sent(picture, each.write):
                return 0.0
            if self._silent_until and now < self._silent_until:
                return _seconds(self._silent_until - now)
        self._tell_what_is_done()
        return self._until_due([each for each, _ in held], now)

    def _look(self) -> None:
        """What has changed since GitHub last agreed; of executions that are up to date nothing is remembered."""
        ours = self._github.repository.lower()
        found = {each.execution_id: each for each in self._services.store.behind(self._services.instance)}
        for key in held_back(self._services, found.keys() - self._pictures.keys()):
            del found[key]
        self._pictures = {key: picture for key, picture in self._pictures.items() if key in found}
        room = self._github.room()
        for key, showing in found.items():
            if showing.target.repository.lower() != ours:
                continue
            picture = self._pictures.setdefault(key, Picture(showing=showing))
            picture.showing = showing
            self._read(picture, room)

    def _read(self, picture: Picture, room: Room) -> None:
        """What cannot be read or rendered, by a mistake of ours, keeps no other from being shown."""
        try:
            picture.read(self._services, self._github, room, partial(links, self._services))
        except MyceliumError:
            raise  # the store is away, and everybody waits
        except Exception as error:
            _LOG.warning("execution %s cannot be shown now", picture.showing.execution_id, exc_info=True)
            self._tell_mistake(picture, "its state cannot be shown", error)
            picture.rest(self._services.clock.monotonic() + AFTER_BUG_SECONDS)

    def _free(self, write: Write, now: datetime) -> bool:
        """Whether the budget has not been found without room for such a write."""
        return all(
            until <= now
            for (urgency, creates), until in self._closed.items()
            if write.urgency >= urgency and write.creates >= creates
        )

    def _sent(self, picture: Picture, write: Write) -> bool:
        """Send a write; whether GitHub was asked for something."""
        try:
            shown = carry_out(self._desk(picture), write)
        except Busy as busy:
            key = write.urgency, write.creates
            self._closed[key] = max(busy.until, self._closed.get(key, busy.until))
            return False
        except Superseded:
            self._refuse(picture, write.wanted.kind, "")
        except Forbidden as error:
            what = f"{error.message}; it needs {error.needs}" + (f" ({error.hint})" if error.hint else "")
            self._refuse(picture, write.wanted.kind, what)
        except Unavailable as error:
            self._fall_silent(picture, write, error)
        except MyceliumError:
            raise
        except Exception as error:  # a mistake of ours, as in `_read`: all the others are shown
            place, execution_id = write.wanted.place, picture.showing.execution_id
            _LOG.warning("%s of execution %s cannot be sent now", place, execution_id, exc_info=True)
            self._tell_mistake(picture, f"its {place} cannot be sent", error)
            picture.failed(place, self._services.clock.now(), self._services.clock.now())
        else:
            self._answered_at = self._services.clock.now()
            picture.done(write, shown, self._answered_at)
            self._pause = FIRST_PAUSE
            trouble = picture.refusal or (picture.showing.trouble if picture.showing.refused else "")
            if picture.showing.trouble != trouble:
                self._tell(picture, replace(picture.showing, trouble=trouble))
        return True

    def _desk(self, picture: Picture) -> Desk:
        execution = picture.execution
        assert execution is not None  # noqa: S101 - nothing is wanted before it was read
        assert execution.target is not None  # noqa: S101 - nor of what has none
        return Desk(
            github=self._github,
            target=execution.target,
            keep=partial(self._keep, picture),
            me=self._who,
            ours=partial(_is_ours, execution),
        )

    def _who(self) -> User:
        if self._me is None:
            self._me = self._github.me()
        return self._me

    def _keep(self, picture: Picture, shown: Shown) -> None:
        with self._services.store.begin() as tx:
            tx.put_shown(picture.showing.execution_id, shown)

    def _refuse(self, picture: Picture, kind: Kind, trouble: str) -> None:
        """GitHub will not have any of this kind from us; that is told, and not tried again."""
        refused = tuple(dict.fromkeys((*picture.showing.refused, kind.value)))
        if trouble:
            _LOG.warning("GitHub refuses a %s of execution %s: %s", kind, picture.showing.execution_id, trouble)
        self._tell(picture, replace(picture.showing, refused=refused, trouble=trouble or picture.showing.trouble))
        picture.begin_again()  # another kind may take its place

    def _tell_mistake(self, picture: Picture, what: str, error: Exception) -> None:
        """So that whoever waits can say it; the next write that succeeds takes it back."""
        trouble = f"{MISTAKE} {what} ({type(error).__name__})"
        if picture.showing.trouble != trouble:
            self._tell(picture, replace(picture.showing, trouble=trouble))

    def _fall_silent(self, picture: Picture, write: Write, error: Unavailable) -> None:
        """Nobody knows whether it was done; the others wait a little, and this one is not the first to be tried."""
        now = self._services.clock.now()
        _LOG.warning("GitHub is not up to date on execution %s: %s", picture.showing.execution_id, error)
        picture.forget(self._services)
        self._silent_until = now + self._pause
        picture.failed(write.wanted.place, now, self._answered_at)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        if picture.showing.trouble != error.message:
            self._tell(picture, replace(picture.showing, trouble=error.message))

    def _tell_what_is_done(self) -> None:
        for picture in self._pictures.values():
            if picture.complete and not picture.writes():
                trouble = picture.showing.trouble
                past = trouble.startswith(MISTAKE)
                self._tell(picture, replace(picture.showing, told=picture.seen, trouble="" if past else trouble))

    def _tell(self, picture: Picture, showing: Showing) -> None:
        picture.showing = showing
        with self._services.store.begin() as tx:
            tx.tell(showing)

    def _until_due(self, held: Iterable[Due], now: datetime) -> float:
        """Until the next write may go, or until the store is asked again."""
        times = [now + timedelta(seconds=IDLE_SECONDS), *self._closed.values()]
        times += [each.at for each in held if each.at > now]
        return max(0.0, _seconds(min(time for time in times if time > now) - now))


def _is_ours(execution: Execution, body: str) -> bool:
    """Whether a comment is the one of the workflow; a newer execution keeps it."""
    if not is_comment_of(body, execution.workflow_id):
        return False
    if shown_execution(body) > execution.id:
        raise Superseded
    return True


def _seconds(span: timedelta) -> float:
    return span.total_seconds()
