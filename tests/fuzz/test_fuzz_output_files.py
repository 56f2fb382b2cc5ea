"""Whatever a script writes into $GITHUB_OUTPUT and the like: values that can be stored, or a word about the line."""

# ruff: noqa: PT017 - that an error says where it is, is what is tried here

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hypothesis import strategies as st

from orchestrator.execution.outcome import FailureClass, Outcome
from orchestrator.lifecycle.limits import MAX_OUTPUTS_BYTES, within_limits
from orchestrator.runners.outputs import BadOutput, parse_values, read_file, read_values
from orchestrator.store.outcome_codec import dump_outcome, load_outcome
from tests.fuzz.corpus import files, inputs
from tests.fuzz.fuzzing import fuzz

_names = st.sampled_from(["a", "summary", "a b", " a", "", "é", "exit-code", "x" * 300])
_texts = st.text(max_size=30) | st.sampled_from(["a=b", "EOF", "<<", "{}", "\x00", "\r"])
_entries = st.one_of(
    st.tuples(_names, _texts).map("=".join),
    st.builds(
        lambda name, delimiter, text, end: f"{name}<<{delimiter}\n{text}\n{end}",
        _names,
        st.sampled_from(["EOF", "E", "", "a=b"]),
        _texts,
        st.sampled_from(["EOF", "E", " EOF", ""]),
    ),
)
_grammar = st.lists(_entries, max_size=10).map("\n".join)
_WORDS = ["=", "<<", "\n", "\r\n", "EOF", "a<<EOF\n", "\nEOF\n", "a=", "b=1\n", "<<<<", "== =", " "]


class Written:
    """A file that is written anew for each input."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "output"

    def one_file(self, data: bytes) -> None:
        self._path.write_bytes(data)
        text, more = read_file(self._path, limit=len(data))
        assert not more
        try:
            values = read_values(self._path, "GITHUB_OUTPUT")
        except BadOutput as error:
            assert str(error).startswith("$GITHUB_OUTPUT, line ")
            assert len(str(error)) < 500
            return
        assert values == parse_values(text, "GITHUB_OUTPUT")
        assert all(name and name == name.strip() for name in values)
        if "\r" not in text and not any("<" in name for name in values):
            assert parse_values(_written(values), "GITHUB_OUTPUT") == values
        outcome = within_limits(Outcome(outputs=dict(values)))
        assert (outcome.failure is FailureClass.BAD_OUTPUT) == (not outcome.outputs and bool(values))
        stored = dump_outcome(outcome)
        assert len(stored) <= 2 * MAX_OUTPUTS_BYTES
        assert len(load_outcome(stored).outputs) <= len(outcome.outputs)


def _written(values: dict[str, str]) -> str:
    """The values as a careful script writes them."""
    taken = {line for value in values.values() for line in value.split("\n")}
    end = next(f"END{number}" for number in range(len(taken) + 1) if f"END{number}" not in taken)
    return "".join(f"{name}<<{end}\n{value}\n{end}\n" for name, value in values.items())


def test_fuzz_output_files(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    seeds = [*files("docs/runners.md"), b"a=1\nb<<EOF\nx\ny\nEOF\nc=\n"]
    fuzz("output-files", Written(tmp_path).one_file, inputs(seeds, _WORDS, _grammar), record_property)
