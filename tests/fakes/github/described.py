"""GitHub's own description of its REST API, against which every exchange is checked.

Its schemas are validated by jsonschema-rs, which takes well below a millisecond; openapi-core takes tens (a hundred the
first time, and over a second to be imported). Validators are compiled when first asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from tests.fakes.github import routing
from tests.fakes.github.description_cut import ROOT, cut_description

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

    from tests.fakes.github.exchange import Exchange

INACCURATE = {
    ("/app/installations", r"\d+/account"): "asks of an account to be a user and an enterprise at once",
    ("/repos/{owner}/{repo}/pulls/{pull_number}", "head/repo"): "forgets that forks are deleted: GitHub answers null",
    ("/repos/{owner}/{repo}/pulls", r"\d+/head/repo"): "forgets that forks are deleted: GitHub answers null",
    ("/repos/{owner}/{repo}/pulls/{pull_number}/comments", r"\d+/(line|position)"): "null once a comment is outdated",
    ("/repos/{owner}/{repo}/pulls/comments/{comment_id}", "line|position"): "null once a comment is outdated",
}
"""Where the description is wrong about answers, by operation and place."""


class Description:
    """The operations, by method and path template."""

    def __init__(self, whole: Mapping[str, Any]) -> None:
        self._whole = whole
        self._validators: dict[tuple[str, ...], Draft202012Validator | None] = {}

    def problems(self, seen: Exchange) -> Iterator[str]:
        """What of an exchange is not as GitHub describes it. Refused requests may be anything."""
        operation = self._whole["paths"].get(seen.operation, {}).get(_method(seen).lower())
        if operation is None:
            yield f"{seen}: GitHub's description has no {_method(seen)} {seen.operation}"
            return
        if seen.status < 400:
            yield from self._of_request(seen, operation)
        yield from self._of_answer(seen, operation)

    def webhook(self, event: str, action: str | None, payload: Any) -> Iterator[str]:
        """What of a webhook's payload is not as GitHub describes it."""
        # The name of an action is anybody's choice there.
        action = "sample.collected" if event == "repository_dispatch" else action
        names = [f"{event}-{action}".replace("_", "-"), event.replace("_", "-")]
        for name in names:
            if entry := self._whole["x-webhooks"].get(name):
                schema = entry["post"]["requestBody"]["content"]["application/json"]["schema"]
                yield from self._unfit(("webhook", name), schema, payload, f"webhook {name}")
                return
        yield f"GitHub's description has no webhook {names[0]}"

    def _of_request(self, seen: Exchange, operation: Mapping[str, Any]) -> Iterator[str]:
        key = (_method(seen), seen.operation)
        for parameter in map(self._resolved, operation.get("parameters", ())):
            if parameter["in"] == "query" and parameter["name"] in seen.query:
                schema = parameter["schema"]
                value = _read(schema, seen.query[parameter["name"]])
                name = f"{seen}: parameter {parameter['name']}"
                yield from self._unfit((*key, "query", parameter["name"]), schema, value, name)
        wanted = self._resolved(operation.get("requestBody", {}))
        schema = wanted.get("content", {}).get("application/json", {}).get("schema")
        if schema is None or (seen.body is None and not wanted.get("required")):
            return
        body = seen.body
        if isinstance(body, list) and seen.operation.endswith("/labels"):
            # In its words the description allows a list alone, in its schema not.
            body = {"labels": body}
        yield from self._unfit((*key, "request"), schema, body, f"{seen}: request")
        yield from self._unknown(seen, schema)

    def _unknown(self, seen: Exchange, schema: Mapping[str, Any]) -> Iterator[str]:
        """Fields that GitHub would pass over in silence: most likely they are misspelt."""
        schema = self._resolved(schema)
        if isinstance(seen.body, dict) and "properties" in schema and not schema.get("additionalProperties"):
            known = set(schema["properties"]).union(*(part.get("properties", ()) for part in schema.get("anyOf", ())))
            if unknown := sorted(seen.body.keys() - known):
                yield f"{seen}: request has {unknown}, which GitHub's description does not know"

    def _of_answer(self, seen: Exchange, operation: Mapping[str, Any]) -> Iterator[str]:
        entry = operation["responses"].get(str(seen.status))
        if entry is None:
            if seen.status < 300:
                yield f"{seen}: GitHub's description has no such answer"
            return
        content = self._resolved(entry).get("content", {})
        kind = seen.answer_headers.get("Content-Type", "").partition(";")[0]
        if (schema := content.get(kind, {}).get("schema")) is not None and seen.answer is not None:
            key = (_method(seen), seen.operation, str(seen.status))
            for problem in self._unfit(key, schema, seen.answer, f"{seen}: answer"):
                where = problem.removeprefix(f"{seen}: answer: ").partition(": ")[0]
                if not any(path == seen.operation and re.fullmatch(at, where) for path, at in INACCURATE):
                    yield problem

    def _unfit(self, key: tuple[str, ...], schema: dict[str, Any], value: Any, name: str) -> Iterator[str]:
        if key not in self._validators:
            from jsonschema_rs import Draft202012Validator

            self._validators[key] = Draft202012Validator(schema, registry=self._registry, validate_formats=True)
        validator = self._validators[key]
        assert validator is not None
        if not validator.is_valid(value):
            for error in validator.iter_errors(value):
                where = "/".join(map(str, error.instance_path))
                yield f"{name}: {where or '.'}: {str(error.message)[:400]}"

    @cached_property
    def _registry(self) -> Any:
        from jsonschema_rs import Registry

        return Registry([(ROOT, {"components": self._whole["components"]})])

    def _resolved(self, entry: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in entry:
            found: Any = self._whole
            for part in entry["$ref"].removeprefix(f"{ROOT}#/").split("/"):
                found = found[part]
            entry = found
        return entry


@cache
def description() -> Description | None:
    """Read once a process; None where it is not installed, and then exchanges go unchecked."""
    served = {(route.method.lower(), route.operation) for route in routing.ROUTES}
    try:
        return Description(cut_description(served))
    except FileNotFoundError:
        return None


def _method(seen: Exchange) -> str:
    return "GET" if seen.method == "HEAD" else seen.method


def _read(schema: Mapping[str, Any], text: str) -> Any:
    kind = schema.get("type")
    if kind == "integer" and text.lstrip("-").isdecimal():
        return int(text)
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    return [text] if kind == "array" else text
