"""What the runner of GitHub Actions does for a composite action, as far as an action can tell.

https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax#runs-for-composite-actions
"""

from tests.fakes.actions_runner.events import example
from tests.fakes.actions_runner.heeded import Heeded
from tests.fakes.actions_runner.runner import Job, Runner

__all__ = ["Heeded", "Job", "Runner", "example"]
