"""A workflow command: the line by which a step tells the runner of GitHub Actions something.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations


def workflow_command(name: str, message: str, **properties: str | int) -> str:
    """`::name key=value::message` in one line, whatever the texts are; properties without a value are left out.

    `runners/commands.py` reads what this writes.
    """
    given = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value != "")
    return f"::{name}{' ' if given else ''}{given}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
