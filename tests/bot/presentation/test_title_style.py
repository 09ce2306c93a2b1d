"""A title for another bot's repository is written as its commits are."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.presentation.title_style import TitleStyle
from bot.self_improvement.runs.transitions import create_run
from tests.support.agent_harness import AgentHarness

CONVENTIONAL = ["feat(cogs): add polls", "fix: typo", "chore!: drop 3.9", "Merge it"]
PLAIN = ["Add polls", "fix: typo", "Drop 3.9"]


@pytest.mark.parametrize(
    ("subjects", "title", "expected"),
    [
        (CONVENTIONAL, "Share with nobody", "fix: share with nobody"),
        (CONVENTIONAL, "HTTP errors are answered", "fix: HTTP errors are answered"),
        (CONVENTIONAL, "fix(cogs): share", "fix(cogs): share"),
        (CONVENTIONAL, "A" + "b" * 80, "fix: a" + "b" * 65 + "…"),
        (PLAIN, "Share with nobody", "Share with nobody"),
        ([], "Share with nobody", "Share with nobody"),
    ],
)
async def test_a_title_follows_the_commits(
    tmp_path: Path, subjects: Sequence[str], title: str, expected: str
) -> None:
    async def list_subjects() -> Sequence[str]:
        return subjects

    world = AgentHarness(tmp_path)
    run = create_run(world.make_trigger(), "abc123", world.clock.now())
    assert await TitleStyle(list_subjects)(run, title) == expected
