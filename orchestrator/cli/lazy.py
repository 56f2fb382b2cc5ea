"""A click group that knows its verbs by name and imports one only when it is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

import click
from typing_extensions import override


@dataclass(frozen=True, kw_only=True, slots=True)
class Verb:
    """Where a command lies (`module:attribute`) and its line in the list, so that listing imports nothing."""

    target: str
    summary: str


class LazyGroup(click.Group):
    """A group of `sections`, each a titled list of verbs, shown in that order."""

    def __init__(
        self,
        name: str | None = None,
        *,
        sections: Mapping[str, Mapping[str, Verb]] | None = None,
        **attributes: object,
    ) -> None:
        super().__init__(name, **attributes)  # type: ignore[arg-type]  # click checks its own
        self.sections = sections or {}

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for verbs in self.sections.values() for name in verbs]

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for verbs in self.sections.values():
            if verb := verbs.get(cmd_name):
                return _load(verb.target)
        return None

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            # The base class knows no verbs that it could suggest.
            raise click.exceptions.NoSuchCommand(
                error.command_name, possibilities=self.list_commands(ctx), ctx=ctx
            ) from None

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, self.list_commands(ctx)))
        for title, verbs in self.sections.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), verb.summary) for name, verb in verbs.items()], col_spacing=3)


def _load(target: str) -> click.Command:
    module, _, attribute = target.partition(":")
    command = getattr(import_module(module), attribute)
    assert isinstance(command, click.Command)  # noqa: S101 - a wrong entry of our own table
    return command
