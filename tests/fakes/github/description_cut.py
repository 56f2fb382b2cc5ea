"""GitHub's description without what the stand-in does not serve, as JSON Schema, kept beside the whole of it.

The whole takes every process that runs tests half a second to read and a quarter to rewrite; what is left, 0.05 s.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

PLACE = Path(__file__).resolve().parents[3] / ".venv" / "github" / "api.github.com.json"
"""Where `requirements/github.sh` puts it."""
ROOT = "github:///description"
EVENTS = re.compile(
    "(push|ping|pull-request|pull-request-review|issues|issue-comment|merge-group|workflow-dispatch|repository-dispatch"
    "|label|check-run)(-(opened|edited|closed|reopened|ready-for-review|converted-to-draft|synchronize|(un)?labeled"
    "|submitted|dismissed|created|deleted|checks-requested|destroyed|sample.collected|rerequested|requested-action"
    "|completed))?"
)
"""The webhooks whose payloads tests build."""
_LEFT_OUT = {"description", "summary", "example", "examples", "tags", "externalDocs", "operationId"}
"""What says nothing about shapes; a property may have such a name, and stays."""


def cut_description(served: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The operations served, by method in small letters and path template, with all that they refer to.

    Raises FileNotFoundError where the description is not installed.
    """
    wanted = sorted(served)
    size = PLACE.stat().st_size
    key = hashlib.sha256(f"{size} {wanted} {Path(__file__).read_text(encoding='utf-8')}".encode()).hexdigest()[:16]
    kept = PLACE.with_name(f"served-{key}.json")
    try:
        return dict(json.loads(kept.read_text(encoding="utf-8")))
    except FileNotFoundError:
        cut = _cut(json.loads(PLACE.read_text(encoding="utf-8")), wanted)
    for other in set(PLACE.parent.glob("served-*.json")) - {kept}:
        other.unlink(missing_ok=True)
    draft = kept.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(cut, separators=(",", ":")), encoding="utf-8")
    draft.replace(kept)
    return cut


def _cut(whole: dict[str, Any], served: Iterable[tuple[str, str]]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for method, path in served:
        if operation := whole["paths"].get(path, {}).get(method):
            paths.setdefault(path, {})[method] = _rewritten(operation)
    webhooks = {name: _rewritten(entry) for name, entry in whole["x-webhooks"].items() if EVENTS.fullmatch(name)}
    components: dict[str, dict[str, Any]] = {}
    waiting = [*_references(paths), *_references(webhooks)]
    while waiting:
        kind, name = waiting.pop().removeprefix(f"{ROOT}#/components/").split("/", 1)
        if name not in components.setdefault(kind, {}):
            components[kind][name] = _rewritten(whole["components"][kind][name])
            waiting += _references(components[kind][name])
    return {"paths": paths, "x-webhooks": webhooks, "components": components}


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


def _rewritten(part: Any, *, names: bool = False) -> Any:
    """OpenAPI 3.0 as JSON Schema 2020-12: `nullable` becomes a type, and references lead to `ROOT`.

    `oneOf` becomes `anyOf`: GitHub's alternatives overlap, and the description lists some of them twice. With `names`
    the keys are names of properties.
    """
    if isinstance(part, list):
        return [_rewritten(value) for value in part]
    if not isinstance(part, dict):
        return part
    if names:
        return {key: _rewritten(value) for key, value in part.items()}
    given = {
        key: _rewritten(value, names=key == "properties")
        for key, value in part.items()
        if key not in _LEFT_OUT and not key.startswith("x-")
    }
    if isinstance(given.get("$ref"), str):
        given["$ref"] = given["$ref"].replace("#/", f"{ROOT}#/", 1)
    if given.get("format") == "email":
        # Those of GitHub's own bots have brackets in them.
        del given["format"]
    if isinstance(given.get("oneOf"), list):
        given["allOf"] = [*given.get("allOf", ()), {"anyOf": given.pop("oneOf")}]
    return {"anyOf": [{"type": "null"}, given]} if given.pop("nullable", None) is True else given
