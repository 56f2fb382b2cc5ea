from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.report.graph_layout import Layout, layout


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, float], list[tuple[str, str]]]:
    count = draw(st.integers(min_value=0, max_value=24))
    names = [f"n{index}" for index in range(count)]
    pairs = list(combinations(names, 2))
    edges = draw(st.lists(st.sampled_from(pairs), max_size=50)) if pairs else []
    return {name: float(draw(st.integers(min_value=20, max_value=200))) for name in names}, edges


def crossings(made: Layout) -> int:
    """Crossings of segments between the same two columns."""
    segments = [pair for route in made.routes for pair in pairwise(route.points)]
    return sum(
        1
        for ((ax, ay), (bx, by)), ((cx, cy), (dx, dy)) in combinations(segments, 2)
        if ax == cx and bx == dx and (ay - cy) * (by - dy) < 0
    )


@settings(deadline=None)
@given(graphs())
def test_boxes_stand_apart_and_edges_run_to_the_right(graph: tuple[dict[str, float], list[tuple[str, str]]]) -> None:
    heights, edges = graph
    made = layout(heights, edges)
    assert list(made.boxes) == list(heights)
    for one, two in combinations(made.boxes.values(), 2):
        if one.x == two.x:
            upper, lower = sorted((one, two), key=lambda box: box.y)
            assert upper.y + upper.height < lower.y + 1e-6
    for route in made.routes:
        assert made.boxes[route.source].x < made.boxes[route.target].x
        assert [x for x, _ in route.points] == sorted(x for x, _ in route.points)
    for box in made.boxes.values():
        assert 0 <= box.x <= made.width - box.width
        assert -1e-6 <= box.y <= made.height - box.height + 1e-6
    assert layout(heights, edges) == made


def test_a_column_is_as_wide_as_its_widest_box() -> None:
    heights = dict.fromkeys("abcd", 40.0)
    made = layout(heights, [("a", "c"), ("b", "c"), ("c", "d")], {"a": 100, "b": 180, "c": 120})
    assert [made.boxes[name].width for name in "abcd"] == [180, 180, 120, 176]
    assert made.boxes["c"].x > made.boxes["b"].x + 180
    assert made.width >= made.boxes["d"].x + 176


def test_a_tangle_is_undone() -> None:
    edges = [("a", "z"), ("b", "y"), ("c", "x")]
    heights = dict.fromkeys("abcxyz", 40.0)
    assert crossings(layout(heights, edges)) == 0


def test_a_diamond_is_symmetric() -> None:
    made = layout(dict.fromkeys("abcd", 40.0), [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])
    assert made.boxes["a"].y == made.boxes["d"].y
    assert abs((made.boxes["b"].y + made.boxes["c"].y) / 2 - made.boxes["a"].y) < 1e-6


def test_an_edge_over_layers_bends_around_boxes() -> None:
    made = layout(dict.fromkeys("abc", 40.0), [("a", "b"), ("b", "c"), ("a", "c")])
    long = next(route for route in made.routes if (route.source, route.target) == ("a", "c"))
    box = made.boxes["b"]
    assert not box.y < long.points[1][1] < box.y + box.height


def test_three_hundred_nodes_have_a_layout() -> None:
    names = [f"n{index}" for index in range(300)]
    edges = [(names[index // 3], names[index]) for index in range(1, 300)]
    assert len(layout(dict.fromkeys(names, 48.0), edges).boxes) == 300
