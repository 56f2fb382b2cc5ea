"""What a node's processes find in their environment: an allow-list, then our own names, then what the workflow asked
for. Nothing else of the worker's environment gets through."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from orchestrator.lifecycle.ports.runner import Task

MARKER = "MYCELIUM_NODE_RUN"
PASSED = frozenset(
    (
        "PATH",
        "HOME",
        "LANG",
        "LANGUAGE",
        "TZ",
        "USER",
        "LOGNAME",
        "SHELL",
        "LD_LIBRARY_PATH",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
        "GIT_SSL_CAINFO",
        "PIP_CERT",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "all_proxy",
        "PIP_INDEX_URL",
        "PIP_CONFIG_FILE",
        "UV_INDEX_URL",
        "NPM_CONFIG_REGISTRY",
        "npm_config_registry",
        "GOPROXY",
        "GOFLAGS",
        "VIRTUAL_ENV",
        "JAVA_HOME",
        "GOROOT",
        "NVM_DIR",
        "PYENV_ROOT",
    )
)
_CREDENTIALS_IN_URL = re.compile(r"//[^/@\s]+@")
DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"


def base_environment(task: Task, inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of any node; `inherited` is what `passed` lets through."""
    return {
        "PATH": DEFAULT_PATH,
        **inherited,
        "TERM": "dumb",
        "PWD": str(task.workspace),
        "TMPDIR": str(task.temp),
        "CI": "true",
        "GITHUB_WORKSPACE": str(task.workspace),
        "MYCELIUM_EXECUTION_ID": task.execution_id,
        "MYCELIUM_EXECUTION_NUMBER": str(task.number),
        "MYCELIUM_WORKFLOW": task.workflow_id,
        "MYCELIUM_NODE": task.node,
        "MYCELIUM_NODE_KEY": task.key,
        "MYCELIUM_ATTEMPT": str(task.attempt),
        MARKER: marker(task),
    }


def marker(task: Task) -> str:
    """What every process of an attempt carries in its environment, unless it cleared it."""
    return _marker(task, task.epoch)


def markers(task: Task) -> list[str]:
    """What those of the earlier claims of the same node run carried."""
    return [_marker(task, epoch) for epoch in range(1, task.epoch)]


def _marker(task: Task, epoch: int) -> str:
    return f"{task.execution_id}/{task.key}/{epoch}"


def passed(environ: Mapping[str, str]) -> dict[str, str]:
    """What gets through of a worker's environment.

    A URL that carries a password is left out, unless it is a proxy, without which nothing could be reached.
    """
    return {name: value for name, value in environ.items() if _passes(name, value)}


def folder(task: Task, name: str) -> Path:
    """A private folder in the task's scratch folder."""
    path = task.scratch / name
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _passes(name: str, value: str) -> bool:
    if name not in PASSED and not name.startswith("LC_"):
        return False
    return "proxy" in name.lower() or not _CREDENTIALS_IN_URL.search(value)
