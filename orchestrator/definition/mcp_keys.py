"""The keys of an MCP server in `mycelium.yaml`."""

from __future__ import annotations

import re
from collections.abc import Set
from urllib.parse import urlsplit

from orchestrator.definition.document import Mapping, Scalar, Yaml
from orchestrator.definition.engine_keys import HOST
from orchestrator.definition.placeholders import names_in
from orchestrator.definition.project import McpTemplate
from orchestrator.definition.reader import Key, Keys, Misfit, Reader, Shape, nearest, within
from orchestrator.definition.shapes import TEXT, VARIABLE, VARIABLE_NAME, keys_schema, listed, mapped

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_EXPRESSION = "name the secret under `secrets`, and write `{NAME}`"


def _read_value(value: Yaml, reader: Reader) -> str:
    try:
        return TEXT.read(value, reader)
    except Misfit as misfit:
        raise Misfit(misfit.at, misfit.message, _EXPRESSION if "expressions" in misfit.message else None) from misfit


def _read_command(value: Yaml, reader: Reader) -> str:
    command = TEXT.read(value, reader)
    if not command or ("/" in command and not command.startswith("/")):
        hint = "name a program on the PATH, or write its whole path: servers never come from the checkout"
        raise Misfit(value, f"`{command[:100]}` is no program", hint)
    return command


def _read_url(value: Yaml, reader: Reader) -> str:
    url = TEXT.read(value, reader)
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and parts.hostname
    except ValueError:
        parts, whole = urlsplit(""), None
    if not whole:
        raise Misfit(value, f"`{url[:100]}` is no address", "such as `https://mcp.example.com/mcp`")
    if parts.username is not None or parts.password is not None:
        raise Misfit(value, "an address holds no password", "write `headers: {Authorization: 'Bearer {NAME}'}`")
    return url


_VALUE = Shape(read=_read_value, schema={"type": "string"})
MCP_KEYS = Keys(
    place="an MCP server",
    keys={
        "command": Key(
            shape=Shape(read=_read_command, schema={"type": "string", "minLength": 1}),
            description="The program, which speaks over its standard streams",
        ),
        "args": Key(shape=listed(TEXT), description="The words after it"),
        "env": Key(
            shape=mapped(VARIABLE_NAME, _VALUE, "name of an environment variable"),
            description="Environment variables of the program; `{NAME}` is a secret",
        ),
        "url": Key(
            shape=Shape(read=_read_url, schema={"type": "string", "pattern": "^https?://"}),
            description="The address of a server that speaks HTTP, instead of a program",
        ),
        "headers": Key(
            shape=mapped(_HEADER, _VALUE, "name of a header"), description="Its HTTP headers; `{NAME}` is a secret"
        ),
        "secrets": Key(
            shape=listed(VARIABLE, distinct=True),
            description="Names of secrets (`MYCELIUM_SECRET_<NAME>`); a program has each in its environment",
        ),
        "hosts": Key(shape=listed(HOST, distinct=True), description="The hosts that the server must reach"),
    },
    hints={"type": "leave it out: `command` or `url` tells", "transport": "leave it out: `command` or `url` tells"},
)


def server(name: str) -> Shape[McpTemplate]:
    """The MCP server that is called `name`."""

    def read(value: Yaml, reader: Reader) -> McpTemplate:
        template = McpTemplate(name=name, **reader.mapping(value, MCP_KEYS))
        written = value.entries if isinstance(value, Mapping) else {}
        _check_kind(written.keys(), value, reader)
        for key in ("env", "headers"):
            if key in written:
                _check_secrets(written[key].value, template.secrets, reader)
        return template

    return Shape(read=read, schema=keys_schema(MCP_KEYS))


def _check_kind(written: Set[str], value: Yaml, reader: Reader) -> None:
    if ("command" in written) == ("url" in written):
        problem = "has `command` and `url`" if "url" in written else "has neither `command` nor `url`"
        reader.problem(value, f"the MCP server {problem}", "write `command` for a program, or `url` for an address")
    elif stray := sorted(written & ({"args", "env"} if "url" in written else {"headers"})):
        kind = "url" if "url" in written else "command"
        reader.problem(value, f"`{stray[0]}` does not belong to an MCP server with `{kind}`", "remove it")


def _check_secrets(texts: Yaml, secrets: tuple[str, ...], reader: Reader) -> None:
    """Every secret that a text names is declared, so that one sees what a server is given."""
    if not isinstance(texts, Mapping):
        return
    for entry in texts.entries.values():
        if isinstance(entry.value, Scalar):
            for name, offset in names_in(entry.value.value):
                if name not in secrets:
                    hint = nearest(name, secrets) or f"write `secrets: [{name}]`, or `{{{{{name}}}}}` where it is none"
                    reader.problem(within(entry.value, offset), f"`{name}` is not among `secrets`", hint)
