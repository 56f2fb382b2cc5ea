"""The keys of an engine in `mycelium.yaml`."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from orchestrator.definition.document import Mapping, Scalar, Sequence, Yaml, described
from orchestrator.definition.placeholders import names_in
from orchestrator.definition.pointer_shape import POINTER
from orchestrator.definition.project import EngineTemplate, ExitMeaning, Findings, OutputForm, PromptBy
from orchestrator.definition.reader import Key, Keys, Misfit, Reader, Shape, nearest, within
from orchestrator.definition.shapes import (
    BOOLEAN,
    LITERAL,
    MAX_ENTRIES,
    TEXT,
    VARIABLE,
    VARIABLE_NAME,
    at_most,
    keyed,
    keys_schema,
    listed,
    mapped,
    matching,
    member,
    number,
)

PLACEHOLDERS = {
    "prompt": "the agent's definition and its task",
    "prompt_file": "the path of a file that holds them",
    "model": "the node's model, or that of the template",
    "workspace": "the path of the working directory",
    "home": "the path of the engine's own home folder",
    "max_turns": "the node's `max-turns`",
    "answer_schema": "the JSON Schema of the node's `answer`",
    "answer_schema_file": "the path of a file that holds it",
    "mcp_servers": "the node's MCP servers, as a JSON object by name",
    "mcp_config_file": "the path of a file that holds them under `mcpServers`",
    "session": "the session to resume",
}
"""What stands for what in `command`, `env` and `files`; one without a value leaves out what it stands in."""

FIGURES = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "turns", "cost_usd")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?")
_NOT_THEIRS = re.compile(r"MYCELIUM_.*|GITHUB_.*|GH_.*|PATH|HOME|LD_.*|DYLD_.*")


def _read_text(value: Yaml, reader: Reader) -> str:
    text = TEXT.read(value, reader)
    for name, offset in names_in(text):
        if name not in PLACEHOLDERS:
            hint = nearest(name, PLACEHOLDERS) or f"write `{{{{{name}}}}}` where it is none"
            at = within(value, offset) if isinstance(value, Scalar) else value
            reader.problem(at, f"unknown placeholder `{{{name}}}`", hint)
    return text


def _read_command(value: Yaml, reader: Reader) -> tuple[tuple[str, ...], ...]:
    if not isinstance(value, Sequence) or not value.items:
        example = "such as `[gemini, --prompt, '{prompt}', [--model, '{model}']]`"
        raise Misfit(value, f"`command` is a list of words, not {described(value)}", example)
    at_most(MAX_ENTRIES, value, "`command`")
    groups = tuple(_GROUP.read(item, reader) for item in value.items)
    if isinstance(value.items[0], Sequence) or any(names_in(groups[0][0])):
        raise Misfit(value.items[0], "the first word of `command` is the program", "write its name, or its whole path")
    return groups


def _read_exit_codes(value: Yaml, reader: Reader) -> dict[int, ExitMeaning]:
    codes: dict[int, ExitMeaning] = {}
    for meaning, found in reader.mapping(value, _EXIT_KEYS).items():
        for code in found:
            if (other := codes.setdefault(int(code), ExitMeaning(meaning))) != meaning:
                reader.problem(value, f"exit code {code} means `{other}` and `{meaning}`", "keep one of them")
    return codes


def _read_credential(value: Yaml, reader: Reader) -> str:
    name = VARIABLE.read(value, reader)
    if _NOT_THEIRS.fullmatch(name):
        hint = "name a key of the model's service, such as `GEMINI_API_KEY`"
        raise Misfit(value, f"`{name}` is no credential that an engine may have", hint)
    return name


def _read_files(value: Yaml, reader: Reader) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise Misfit(value, f"`files` is a map from paths to texts, not {described(value)}")
    at_most(MAX_ENTRIES, value, "`files`")
    found: dict[str, str] = {}
    for path, entry in value.entries.items():
        pure = PurePosixPath(path)
        if pure.is_absolute() or ".." in pure.parts or not pure.name:
            hint = "such as `.gemini/settings.json`"
            reader.problem(entry.key, f"`{path[:100]}` is no path below the home folder", hint)
        elif (text := reader.attempt(_TEXT, entry.value, None)) is not None:
            found[str(pure)] = text
    return found


_TEXT = Shape(read=_read_text, schema={"type": "string"})
_GROUP = listed(_TEXT)
_CODES = listed(number(least=1, whole=True), distinct=True)
_EXIT_KEYS = Keys(
    place="`exit-codes`",
    keys={meaning.value: Key(shape=_CODES, description="The codes that mean this") for meaning in ExitMeaning},
    hints={"max-turns": "write `max_turns`", "bad-output": "write `bad_output`"},
)
USAGE_KEYS = Keys(
    place="`usage`",
    keys={name: Key(shape=POINTER, description="Where this figure stands; all found are added") for name in FIGURES},
)
READ_KEYS = Keys(
    place="`read`",
    keys={
        "text": Key(shape=POINTER, description="What the agent says; the last one is its result"),
        "pieces": Key(shape=BOOLEAN, description="Whether texts that follow each other are pieces of one"),
        "session": Key(shape=POINTER, description="The session, by which it could be resumed"),
        "model": Key(shape=POINTER, description="The model that answers"),
        "error": Key(shape=POINTER, description="An error; whatever stands there fails the node"),
        "tool": Key(shape=POINTER, description="The name of a tool that was called"),
        "usage": Key(shape=keyed(USAGE_KEYS, lambda keys, *_: keys), description="What was used, figure by figure"),
    },
)
HOST = matching(_HOST, "name of a host", "such as `api.example.com` or `example.com:8443`")
ENGINE_KEYS = Keys(
    place="an engine",
    keys={
        "command": Key(
            shape=Shape(read=_read_command, schema={"type": "array", "minItems": 1, "items": _GROUP.schema}),
            description="The program and its words; a list among them is left out where a placeholder has no value",
            required=True,
        ),
        "prompt": Key(shape=member(PromptBy), description="How the prompt is given: stdin (default), argument or file"),
        "output": Key(shape=member(OutputForm), description="What it prints: text (default), json or jsonl"),
        "read": Key(
            shape=keyed(READ_KEYS, lambda keys, *_: Findings(**keys)), description="Where the output says what"
        ),
        "exit-codes": Key(
            shape=Shape(read=_read_exit_codes, schema=keys_schema(_EXIT_KEYS)),
            description="Exit codes, by the class of failure that they mean",
        ),
        "model": Key(shape=TEXT, description="The model where the node names none"),
        "env": Key(
            shape=mapped(VARIABLE_NAME, _TEXT, "name of an environment variable"), description="Environment variables"
        ),
        "credentials": Key(
            shape=listed(Shape(read=_read_credential, schema=VARIABLE.schema), distinct=True),
            description="Variables of the worker that this engine gets; one of them must be set",
        ),
        "hosts": Key(shape=listed(HOST, distinct=True), description="The hosts that it must reach"),
        "install": Key(shape=LITERAL, description="How it is installed"),
        "files": Key(
            shape=Shape(read=_read_files, schema={"type": "object", "additionalProperties": {"type": "string"}}),
            description="Texts of files in its home folder, by path",
        ),
    },
    hints={"args": "write all words under `command`", "url": "write `hosts`", "key": "write `credentials`"},
)


def engine(name: str) -> Shape[EngineTemplate]:
    """The engine that is called `name`."""

    def read(value: Yaml, reader: Reader) -> EngineTemplate:
        before = len(reader.problems)
        keys = {key.replace("-", "_"): found for key, found in reader.mapping(value, ENGINE_KEYS).items()}
        template = EngineTemplate(name=name, **{"command": (), **keys})
        # What could not be read is told already, and would only seem to be missing here.
        if len(reader.problems) == before:
            _check_prompt(template, value, reader)
            _check_reading(template, value, reader)
        return template

    return Shape(read=read, schema=keys_schema(ENGINE_KEYS))


def _check_prompt(template: EngineTemplate, value: Yaml, reader: Reader) -> None:
    used = {name for group in template.command for word in group for name, _ in names_in(word)}
    needed = {PromptBy.ARGUMENT: "prompt", PromptBy.FILE: "prompt_file"}.get(template.prompt)
    if needed and needed not in used:
        reader.problem(value, f"`prompt` is {template.prompt}, and `command` holds no `{{{needed}}}`", "put it there")
    if needed is None and (stray := sorted(used & {"prompt", "prompt_file"})):
        by = PromptBy.ARGUMENT if stray[0] == "prompt" else PromptBy.FILE
        reader.problem(value, f"`command` holds `{{{stray[0]}}}`, and `prompt` is stdin", f"write `prompt: {by}`")


def _check_reading(template: EngineTemplate, value: Yaml, reader: Reader) -> None:
    if template.output is OutputForm.TEXT and template.read != Findings():
        reader.problem(value, "`read` points into JSON, and `output` is text", "write `output: json` or `jsonl`")
    if template.output is not OutputForm.TEXT and template.read.text is None:
        hint = "write `read: {text: /where/it/stands}`"
        reader.problem(value, f"`output` is {template.output}, and nothing says where the text stands in it", hint)
