"""What a pull request changes in workflows, agents and the project file: a check run, and parts of the comment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.definition.changes import ChangedFile, DefinitionChanges, FileKind, FileState, Subject
from orchestrator.errors import Problem
from orchestrator.execution.outcome import Annotation
from orchestrator.report.change_graph import charts
from orchestrator.report.change_text import text_diff
from orchestrator.report.change_words import Told, subject_of, told
from orchestrator.report.check_run import MAX_TEXT, CheckRun, CheckStatus, Conclusion, batched
from orchestrator.report.markdown_safety import fenced, safe_code, safe_message
from orchestrator.report.numbers import plural
from orchestrator.report.parts import MAX_BYTES, Details, Graph, Notice, Paragraphs, Part, to_markdown
from orchestrator.report.plain_text import clip, code_spans

NAME = "Changes to workflows"
EXTERNAL_ID = "workflow-changes"
MARKER = "<!-- mycelium:changes -->"
"""The hidden line by which the comment is found again."""

_MOST_PROBLEMS = 10
_MOST_SENTENCES = 40
_MOST_TEXTS = 10
_MOST_ANNOTATIONS = 150
_NOTABLE = frozenset(
    {
        *(Subject.START, Subject.APPROVALS, Subject.PUBLISH, Subject.SECRETS, Subject.WRITE),
        *(Subject.TOOLS, Subject.BUDGET, Subject.QUEUE),
    }
)
_STATES = {
    FileState.ADDED: "is new",
    FileState.REMOVED: "is gone",
    FileState.RENAMED: "moved",
    FileState.CHANGED: "changed",
    FileState.BROKEN: "is invalid",
    FileState.MENDED: "is valid again",
    FileState.REWRITTEN: "means the same as before: only comments, or how it is written, differ",
}


def changes_check(changes: DefinitionChanges, *, page: str = "") -> CheckRun:
    """The check run: `failure` where a file is invalid, `neutral` where more is allowed than before, else `success`.

    Problems, what is allowed newly, and other changes that people should know of are annotations on their lines. `page`
    is where the rest can be seen.
    """
    first, rest = _urgent(changes), [part for file in changes.files for part in _of_file(file)]
    return CheckRun(
        name=NAME,
        external_id=EXTERNAL_ID,
        status=CheckStatus.COMPLETED,
        conclusion=_conclusion(changes),
        title=clip(headline(changes), 255),
        summary=to_markdown(first, limit=MAX_TEXT, page=page),
        text=to_markdown(rest, limit=MAX_TEXT, page=page) if rest else "",
        batches=batched(list(_annotations(changes))[:_MOST_ANNOTATIONS]),
        details_url=page,
    )


def changes_parts(changes: DefinitionChanges) -> tuple[Part, ...]:
    """What the comment says of it, most urgent first; nothing where nothing changed."""
    if not changes.files:
        return ()
    title = Paragraphs(markdown=f"### {NAME}")
    return (title, *_urgent(changes), *(part for file in changes.files for part in _of_file(file)))


def changes_comment(changes: DefinitionChanges, *, limit: int = MAX_BYTES) -> str:
    """The pull request's comment on its changes, with its marker, at most `limit` UTF-8 bytes.

    One that is there already stays when the pull request changes nothing any more, and says so.
    """
    parts = changes_parts(changes) or (Paragraphs(markdown=f"### {NAME}\n\n{headline(changes)}"),)
    return to_markdown(parts, limit=limit, first=MARKER)


def is_changes_comment(body: str) -> bool:
    """Whether a comment is that one; who wrote it is for the caller to look at."""
    return body.split("\n", 1)[0].strip() == MARKER


def headline(changes: DefinitionChanges) -> str:
    """One short sentence of plain text."""
    if not changes.files:
        return "No workflow changes."
    counts = {kind: sum(1 for file in changes.files if file.kind is kind) for kind in FileKind}
    names = [plural(counts[kind], kind.value) for kind in (FileKind.WORKFLOW, FileKind.AGENT) if counts[kind]]
    names += ["the project file"] * bool(counts[FileKind.PROJECT])
    shown = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    words = [f"{shown} {'changes' if sum(counts.values()) == 1 else 'change'}"]
    if changes.broken:
        words.append(f"{plural(len(changes.broken), 'file')} {'is' if len(changes.broken) == 1 else 'are'} invalid")
    if allowed := len(_allowed(changes)):
        words.append(f"{plural(allowed, 'change')} {'allows' if allowed == 1 else 'allow'} more than before")
    said = ", ".join(words) + "."
    return said[0].upper() + said[1:]


def state_words(file: ChangedFile) -> str:
    """What became of a file, to follow its name."""
    moved = f" (it was {file.previous_path})" if file.previous_path else ""
    return _STATES[file.state] + moved


def _conclusion(changes: DefinitionChanges) -> Conclusion:
    if changes.broken:
        return Conclusion.FAILURE
    return Conclusion.NEUTRAL if changes.widening else Conclusion.SUCCESS


def _allowed(changes: DefinitionChanges) -> list[tuple[ChangedFile, Told]]:
    return [(file, each) for file in changes.files for each in told(file.widening)]


def _urgent(changes: DefinitionChanges) -> list[Part]:
    parts: list[Part] = [Paragraphs(markdown=safe_message(headline(changes), 300))]
    parts += [_broken(file) for file in changes.broken]
    if allowed := _allowed(changes):
        rows = [f"- {safe_code(file.name, 100)}: {safe_message(each.sentence, 600)}" for file, each in allowed]
        said = "**More is allowed than before.** Whoever merges this agrees to:"
        parts.append(Notice(kind="IMPORTANT", markdown=f"{said}\n\n{_cut(rows, 'change')}"))
    return parts


def _broken(file: ChangedFile) -> Part:
    rows = [f"- {safe_message(_told_problem(problem), 600)}" for problem in file.problems]
    active = "The last valid version stays active." if file.was_valid else "It cannot be used so."
    said = f"**{safe_code(file.path, 200)} is invalid.** {active}"
    return Notice(kind="CAUTION", markdown=f"{said}\n\n{_cut(rows, 'problem', _MOST_PROBLEMS)}")


def _told_problem(problem: Problem) -> str:
    where = f"Line {problem.place.line}: " if problem.place else ""
    node = f"node `{problem.node}`: " if problem.node else ""
    return f"{where}{node}{problem.message}" + (f" ({problem.hint})" if problem.hint else "")


def _cut(rows: Sequence[str], noun: str, most: int = _MOST_SENTENCES) -> str:
    left = len(rows) - most
    return "\n".join([*rows[:most], *[f"- *and {plural(left, noun)} more*"] * (left > 0)])


def _of_file(file: ChangedFile) -> Iterator[Part]:
    """A file's section; one that is invalid has none, all that is known of it being its problems."""
    if file.state is FileState.BROKEN:
        return
    yield Paragraphs(markdown=_section(file))
    yield from _graphs(file)
    yield from _texts(file)


def _section(file: ChangedFile) -> str:
    title = f"#### {safe_code(file.name, 100)} {safe_message(state_words(file), 300)}"
    used = [f"Used by {', '.join(safe_code(user, 100) for user in file.used_by[:10])}."] * bool(file.used_by)
    unused = ["No workflow uses it."] * (file.kind is FileKind.AGENT and not file.used_by)
    rest = sorted(told(each for each in file.changes if not each.widens), key=lambda each: _ORDER[each.change.subject])
    rows = [f"- {safe_message(each.sentence, 600)}" for each in rest]
    return "\n\n".join([title, *used, *unused, *([_cut(rows, "change")] if rows else [])])


_ORDER = {subject: number for number, subject in enumerate(Subject)}


def _graphs(file: ChangedFile) -> Iterator[Part]:
    if file.graph is None or not file.graph.differs:
        return
    drawn = charts(file.graph)
    if not drawn.whole:
        said = "The graph is large: here is what differs, with the nodes next to it."
        missing = "The graph is too large to draw."
        yield Paragraphs(markdown=said if drawn.before or drawn.after else missing)
    if drawn.before:
        yield Paragraphs(markdown="**Before**")
        yield Graph(source=drawn.before)
    if drawn.after:
        yield Paragraphs(markdown="**After**")
        yield Graph(source=drawn.after)


def _texts(file: ChangedFile) -> Iterator[Part]:
    changed = [(each.change, diff) for each in told(file.changes) if (diff := text_diff(each.change))]
    for change, diff in changed[:_MOST_TEXTS]:
        yield Details(title=subject_of(change.key), note=file.name, markdown=fenced(diff, "diff"))


def _annotations(changes: DefinitionChanges) -> Iterator[Annotation]:
    """Most urgent first, which is where they are cut."""
    for problem in (problem for file in changes.broken for problem in file.problems):
        if problem.place:
            yield _annotation(problem.place.file, problem.place.line, "failure", _told_problem(problem), "Invalid")
    for file, each in _allowed(changes):
        if each.change.place and file.state is not FileState.REMOVED:
            place = each.change.place
            yield _annotation(place.file, place.line, "warning", each.sentence, "More is allowed than before")
    for file in changes.files:
        for each in told(change for change in file.changes if not change.widens and change.subject in _NOTABLE):
            if each.change.place and file.state is not FileState.REMOVED:
                yield _annotation(each.change.place.file, each.change.place.line, "notice", each.sentence, "Changed")


def _annotation(path: str, line: int, level: str, message: str, title: str) -> Annotation:
    # GitHub shows messages as they are, backticks and all.
    plain = "".join(piece for piece, _ in code_spans(message))
    return Annotation(level=level, message=plain, path=path, start_line=line, end_line=line, title=title)
