"""Filter patterns: GitHub's own examples, the order of a list, and that matching is never slow."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.definition.patterns import MAX_PATTERN, compiled, problem_of, selects


# https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet
@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("feature/*", "feature/my-branch feature/your-branch", "feature/a/b feature my/feature/a"),
        ("feature/**", "feature/beta-a/my-branch feature/your-branch feature/mona/the/octocat", "features/x"),
        ("main", "main", "main2 amain releases/main"),
        ("releases/mona-the-octocat", "releases/mona-the-octocat", "releases/mona"),
        ("*", "main releases", "all/the/branches"),
        ("**", "main all/the/branches every/tag", ""),
        ("*feature", "mona-feature feature ver-10-feature", "feature-1 a/feature"),
        ("v2*", "v2 v2.0 v2.9", "v1 v2/x"),
        ("v[12].[0-9]+.[0-9]+", "v1.10.1 v2.0.0", "v3.1.1 v1..1 v1.1.1-rc v1.x.1"),
        ("*.jsx?", "page.js page.jsx", "page.jsxx js/page.js"),
        ("**.js", "index.js js/index.js src/js/app.js", "index.jsx"),
        ("docs/*", "docs/README.md docs/file.txt", "docs/mona/octocat.txt"),
        ("docs/**", "docs/README.md docs/mona/octocat.txt", "doc/x docs"),
        ("docs/**/*.md", "docs/README.md docs/mona/hello-world.md docs/a/markdown/file.md", "docs/README.mdx a.md"),
        ("**/docs/**", "docs/hello.md dir/docs/my-file.txt space/docs/plan/space.doc", "js/mydocs/x docs"),
        ("**/README.md", "README.md js/README.md", "myREADME.md README.mdx"),
        ("**/*src/**", "a/src/app.js my-src/code/js/app.js src/x", "src asrcb/x"),
        ("**/*-post.md", "my-post.md path/their-post.md", "post.md"),
        ("**/migrate-*.sql", "migrate-10909.sql db/migrate-v1.0.sql db/sept/migrate-v1.sql", "db/migrate/x.sql"),
        (r"a\*b", "a*b", "ab axb"),
        (r"\[x\]", "[x]", "x"),
        ("+1", "+1", "1"),
        ("?x", "?x", "x"),
        ("[CB]at", "Cat Bat", "at cat"),
        ("a.c", "a.c", "abc"),
        ("", "", "a"),
    ],
)
def test_what_matches(pattern: str, matching: str, others: str) -> None:
    assert [name for name in matching.split() if not compiled(pattern).matches(name)] == []
    assert [name for name in others.split() if compiled(pattern).matches(name)] == []


@pytest.mark.parametrize(
    ("patterns", "included", "excluded"),
    [
        (["*.md", "!README.md"], "hello.md", "README.md docs/hello.md"),
        (["*.md", "!README.md", "README*"], "hello.md README.md README.doc", "docs/hello.md"),
        (["sub-project/**", "!sub-project/docs/**"], "sub-project/a sub-project/src/b", "sub-project/docs/c other"),
        (["!docs/**", "**"], "docs/a b", ""),
        (["!x"], "", "x y"),
        ([], "", "x"),
    ],
)
def test_the_last_that_matches_decides(patterns: list[str], included: str, excluded: str) -> None:
    assert [name for name in included.split() if not selects(patterns, name)] == []
    assert [name for name in excluded.split() if selects(patterns, name)] == []


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("[", "`[` begins a set"),
        ("[]", "`[` begins a set"),
        ("a[b", "`[` begins a set"),
        ("[a.b]", "`[` begins a set"),
        ("[!a]", "`[` begins a set"),
        ("[z-a]", "`z-a` is no range"),
        ("[a-9]", "`a-9` is no range"),
        ("a\\", "`\\` at the end"),
        ("!", "not empty"),
        ("", "not empty"),
        ("x" * (MAX_PATTERN + 1), "at most 500"),
    ],
)
def test_what_is_no_pattern(pattern: str, said: str) -> None:
    assert said in (problem_of(pattern) or "")


@pytest.mark.parametrize("pattern", ["**", "!a/*", "[a-zA-Z0-9]+", "v*.*.*", "++", "a?+", "**/", "ä*"])
def test_what_is_one(pattern: str) -> None:
    assert problem_of(pattern) is None


def as_regex(pattern: str) -> str:
    """The same in the words of another engine, for patterns without brackets and backslashes."""
    words = re.split(r"(\*\*/|\*\*|\*)", pattern)
    known = {"**/": "(?:.+/)?", "**": ".*", "*": "[^/]*"}
    return "".join(known.get(word) or "".join(re.escape(char) for char in word) for word in words)


@given(st.text("ab/*.", max_size=7), st.text("ab/.", max_size=8))
def test_it_agrees_with_regular_expressions(pattern: str, name: str) -> None:
    assert compiled(pattern).matches(name) is (re.fullmatch(as_regex(pattern), name, re.DOTALL) is not None)


def test_no_pattern_makes_matching_slow() -> None:
    # A backtracking matcher would not come back from this.
    assert not compiled("**a" * 160).matches("a" * 159 + "b" * 4000)
