"""What a workflow file may hold at most is read, and one more is refused with a place and what to do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator.definition.compose import MAX_BYTES, MAX_DEPTH, MAX_NODES
from orchestrator.definition.expressions.grammar import MAX_DEPTH as MAX_EXPRESSION_DEPTH
from orchestrator.definition.expressions.grammar import MAX_LENGTH
from orchestrator.definition.expressions.template import MAX_EXPRESSIONS
from orchestrator.definition.matrix import MAX_COMBINATIONS, MAX_PRODUCT
from orchestrator.definition.node_keys import MAX_NODES as MAX_WORKFLOW_NODES
from orchestrator.definition.parse import load_all, load_workflow
from orchestrator.definition.problems import LONGEST_MESSAGE, MAX_PROBLEMS
from orchestrator.definition.shapes import MAX_ENTRIES, MAX_NAME
from orchestrator.errors import InvalidDefinition, Problem

NODES = "nodes: {a: {run: x}}\n"


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(InvalidDefinition) as caught:
        load_workflow(text, "w.yaml")
    return caught.value.problems


def bytes_of(count: int) -> str:
    return NODES + "#" * (count - len(NODES))


def values(count: int) -> str:
    # Thirteen stand around those of the list: maps, keys and the list itself count too.
    return f"nodes: {{a: {{agent: x, answer: {{p: {{enum: [{','.join(['x'] * (count - 13))}]}}}}}}}}\n"


def nested(levels: int) -> str:
    return f"nodes: {{a: {{agent: x, answer: {{p: {{default: {'[' * (levels - 5)}{']' * (levels - 5)}}}}}}}}}\n"


def nodes(count: int) -> str:
    return "nodes:\n" + "".join(f"  n{number}: {{run: x}}\n" for number in range(count))


def name(length: int) -> str:
    return f"nodes:\n  {'n' * length}: {{run: x}}\n"


def inputs(count: int) -> str:
    return f"{NODES}inputs: {{{', '.join(f'i{number}: {{}}' for number in range(count))}}}\n"


def variables(count: int) -> str:
    return f"{NODES}env: {{{', '.join(f'V{number}: x' for number in range(count))}}}\n"


def outputs(count: int) -> str:
    return f"nodes: {{a: {{run: x, outputs: {{{', '.join(f'o{number}: x' for number in range(count))}}}}}}}\n"


def expressions(count: int) -> str:
    return f"nodes: {{a: {{run: '{'${{ 1 }}' * count}'}}}}\n"


def expression_depth(depth: int) -> str:
    return f'nodes: {{a: {{run: x, if: "{"!" * (depth - 1)}1"}}}}\n'


def combinations(count: int) -> str:
    items = ", ".join(str(number) for number in range(count))
    return f"nodes: {{a: {{run: x, strategy: {{matrix: {{v: [{items}]}}}}}}}}\n"


def product(count: int) -> str:
    """An even number of combinations, all of them excluded, and one that is not."""
    wide = ", ".join(str(number) for number in range(count // 2))
    return (
        f"nodes: {{a: {{run: x, strategy: {{matrix: {{v: [1, 2], w: [{wide}], "
        f"exclude: [{{v: 1}}, {{v: 2}}], include: [{{v: 3}}]}}}}}}}}\n"
    )


def included(count: int) -> str:
    entries = ", ".join(["{z: 1}"] * count)
    return f"nodes: {{a: {{run: x, strategy: {{matrix: {{v: [1], include: [{entries}]}}}}}}}}\n"


LIMITS: list[tuple[Callable[[int], str], int, str]] = [
    (bytes_of, MAX_BYTES, "more than 2,000,000 bytes (split the workflow)"),
    (nested, MAX_DEPTH, "nested deeper than 64 levels"),
    (nodes, MAX_WORKFLOW_NODES, "10,001 nodes; at most 10,000 are allowed (split the workflow)"),
    (name, MAX_NAME, "is no id of a node (letters, digits"),
    (inputs, MAX_ENTRIES, "`inputs` has 1,001 entries; at most 1,000 are allowed"),
    (variables, MAX_ENTRIES, "`env` has 1,001 entries; at most 1,000 are allowed"),
    (outputs, MAX_ENTRIES, "`outputs` has 1,001 entries; at most 1,000 are allowed"),
    (expressions, MAX_EXPRESSIONS, "The text has more than 1,000 expressions (divide the text)"),
    (expression_depth, MAX_EXPRESSION_DEPTH, "Exceeded max expression depth 50"),
    (combinations, MAX_COMBINATIONS, "the matrix has more than 256 combinations (exclude some, or split the node)"),
    (product, MAX_PRODUCT, "its axes come to 4,098"),
    (included, MAX_COMBINATIONS, "`include` of the matrix has 257 entries; at most 256 are allowed (split the node)"),
]


@pytest.mark.parametrize(("made", "limit", "said"), LIMITS, ids=lambda each: getattr(each, "__name__", ""))
def test_the_limit_itself_is_fine_and_one_more_is_refused(made: Callable[[int], str], limit: int, said: str) -> None:
    assert load_workflow(made(limit), "w.yaml").nodes
    (problem,) = problems(made(limit + 1 + (made is product)))
    assert said in str(problem)
    assert problem.place is not None


@pytest.mark.no_cover
def test_a_file_of_as_many_values_as_are_allowed() -> None:
    assert load_workflow(values(MAX_NODES), "w.yaml").nodes
    (problem,) = problems(values(MAX_NODES + 1))
    assert "more than 250,000 values, with aliases expanded (split the workflow, or use a matrix)" in str(problem)


def test_an_expression_as_long_as_is_allowed() -> None:
    text = "'" + "x" * (MAX_LENGTH - 2) + "'"
    assert load_workflow(f'nodes: {{a: {{run: x, if: "{text}"}}}}', "w.yaml").nodes
    (problem,) = problems(f'nodes: {{a: {{run: x, if: "{text} "}}}}'.replace("' ", "y'"))
    assert f"Exceeded max expression length {MAX_LENGTH}" in problem.message


def test_problems_are_told_up_to_their_limit() -> None:
    found = problems(NODES + "".join(f"key{number}: x\n" for number in range(MAX_PROBLEMS + 500)))
    assert len(found) == MAX_PROBLEMS + 1
    assert "1,000 problems, and the rest was not looked at (mend these first)" in str(found[-1])
    assert [problem.place.line for problem in found[:3] if problem.place] == [2, 3, 4]
    duplicates = problems(NODES + "x: 1\n" * (MAX_PROBLEMS + 2))
    assert len(duplicates) == MAX_PROBLEMS + 1


def test_a_problem_quotes_no_more_than_a_person_reads() -> None:
    (problem,) = problems(f"{NODES}? {'k' * 1_000_000}\n: x\n")
    assert len(problem.message) == LONGEST_MESSAGE


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("nodes: {a: {agent: x, tools: '" + "," * 500_000 + "'}}", id="commas"),
        pytest.param("nodes: {a: {run: '" + "${{ " * 120_000 + "'}}", id="unclosed expressions"),
        pytest.param("nodes: {a: {run: '" + "${{ ''''''''" * 40_000 + "'}}", id="unclosed quotes"),
        pytest.param(
            "nodes:\n" + "".join(f"  node{n}: {{run: x, needs: [noed{n}]}}\n" for n in range(4_000)), id="unknown needs"
        ),
        pytest.param(
            "nodes:\n"
            + "".join(f"  n{n}: {{run: x, needs: [n{n ^ 1}{f', n{n - 2}' if n > 1 else ''}]}}\n" for n in range(4_000)),
            id="pairs in a circle",
        ),
        pytest.param(
            "nodes:\n  a: {run: x, outputs: {"
            + ", ".join(f"o{n}: '${{{{ github.ref }}}}'" for n in range(1_000))
            + "}}\n"
            + "".join(
                f"  b{n}: {{run: x, needs: a, outputs: {{p: '${{{{ toJSON(needs) }}}}'}}}}\n" for n in range(3_000)
            ),
            id="many readers of many",
        ),
    ],
)
@pytest.mark.no_cover
def test_large_files_take_time_in_proportion(text: str) -> None:
    # Each of these took minutes, or all memory, before the work was bounded.
    loaded = load_all({"w.yaml": text})
    assert len(loaded.problems) <= MAX_PROBLEMS + 1
