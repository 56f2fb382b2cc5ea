"""How the branch gets to GitHub: what to type, by what `origin` is known to have."""

from __future__ import annotations

from orchestrator.git.branch_start import Start
from orchestrator.git.origin import address
from orchestrator.git.own_branch import OwnBranch

Step = tuple[str, tuple[str, ...]]
"""What to do, and lines below it."""
_REMOTE = "git remote add origin https://github.com/OWNER/NAME"


def steps(branch: OwnBranch, commit: str, start: Start, link: str | None) -> list[Step]:
    """To bring `commit` of the branch there, and open a pull request at `link`; None where `origin` is not on GitHub.

    The branch that it shall be compared with goes along while `origin` has none: the first one that comes becomes the
    default branch.
    """
    base = f"{branch.current} " if branch.origin_is_empty and branch.current else ""
    push = f"git push -u origin {base}{branch.name}"
    if link is None:
        remote = () if address(branch.checkout) else (_REMOTE,)
        pushing = ("Push it to GitHub, and open a pull request.", (*remote, push))
    else:
        pushing = ("Push it, and open a pull request.", (push, link))
    return [*_in_the_way(branch, commit, start), pushing]


def _in_the_way(branch: OwnBranch, commit: str, start: Start) -> list[Step]:
    """What `origin` has under this name and this commit does not follow."""
    there = branch.there
    if there is None or branch.has(commit, there):
        return []
    if branch.is_merged(there, (start.commit, start.head)):
        what = "Delete the branch that was merged, if GitHub still has it."
        return [(what, (f"git push origin --delete {branch.name}",))]
    what = f"See what origin/{branch.name} has and this branch does not: a push would be refused."
    return [(what, (f"git log {branch.name}..origin/{branch.name}",))]
