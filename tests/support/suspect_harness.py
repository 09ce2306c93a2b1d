"""A world whose failure came with a commit: planning looks at the code from before it."""

from datetime import UTC, datetime
from pathlib import Path

from bot.domain.evidence import Commit, Suspect
from tests.support.agent_harness import AgentHarness
from tests.support.dice_project import FILES, FIXED

_SHA = "5" * 40


class SuspectHarness(AgentHarness):
    """A history in which `/roll` worked until the commit "Roll faster"."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        before = self.workspaces.add_snapshot({**FILES, "cogs/dice.py": FIXED})
        self.workspaces.add_parent(_SHA, before)
        at = datetime(2026, 11, 21, tzinfo=UTC)
        commit = Commit(sha=_SHA, author="ann", at=at, summary="Roll faster")
        suspect = Suspect(commit=commit, reason="it changed the line", diff="", score=0.9)
        self.checkout.found = (suspect,)
