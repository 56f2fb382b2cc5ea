"""Whether GitHub shows what a command runs on an event: only where it has a token."""

from __future__ import annotations

import os
from dataclasses import replace

from orchestrator.cli.console import Console
from orchestrator.definition.event import read_event
from orchestrator.errors import MyceliumError
from orchestrator.lifecycle.ports.github import GitHub
from orchestrator.lifecycle.projection.proposing import propose_pull_request
from orchestrator.lifecycle.projection.target import target_of
from orchestrator.lifecycle.services import Services
from orchestrator.lifecycle.start import StartRequest


def shown_on_github(services: Services, request: StartRequest) -> StartRequest:
    """The request with its target. What keeps GitHub from showing it is told, and keeps nothing from running."""
    github = services.github
    if github is None:
        return request
    head = request.snapshot.head if request.snapshot else None
    try:
        target = target_of(github, request.event_name, request.event, head=head, environ=os.environ)
    except MyceliumError as error:
        Console.stderr().line(f"GitHub will not show this execution: {error}")
        return request
    if target is None:
        Console.stderr().line(f"GitHub will not show this execution: the event is not of {github.repository}.")
    event = read_event(request.event_name, request.event)
    if target and event.on_pull_request and event.number is not None:
        _propose(services, github, event.number)
    return replace(request, target=target)


def _propose(services: Services, github: GitHub, number: int) -> None:
    try:
        propose_pull_request(services, github, number)
    except MyceliumError as error:
        Console.stderr().line(f"GitHub will not show what changes in workflows: {error}")
