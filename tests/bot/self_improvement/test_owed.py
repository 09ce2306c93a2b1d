"""A visible change needs a line in the changelog; without one, its card says so."""

from pathlib import Path

import pytest

from tests.fakes.differences import Files
from tests.fakes.fake_agent import FakeAgent
from tests.fakes.fake_request_planner import BUILDS
from tests.support.agent_harness import DORA
from tests.support.change_harness import ADDED, ChangeHarness, request_change

LOG = "# Changes\n\n## [Unreleased]\n\n- Dice.\n\n## [1.0]\n\n- All of it.\n"
MISSING = "• Missing: a line in `CHANGELOG.md` under Unreleased."


async def notes(world: ChangeHarness, log: str | None, written: str | None) -> str:
    """Return what the proposal's card notes of a change that writes the changelog so."""
    snapshot = dict[str, bytes](world.workspaces.snapshots[world.workspaces.base])
    files: Files = snapshot | ({"CHANGELOG.md": log.encode()} if log is not None else {})
    world.workspaces.snapshots[world.workspaces.base] = dict(files)
    if written is not None:
        world.engine = FakeAgent({**ADDED, "CHANGELOG.md": written})
        step = BUILDS.steps[0].replace(owned_files=("cogs/coinflip.py", "CHANGELOG.md"))
        world.request_planner.plan = BUILDS.replace(steps=(step,))
    async with world.run_agent() as agent:
        run = await request_change(world, agent)
        await agent.agreements.give(run.id, DORA, "text")
        await world.wait_until_settled(run.id)
    card = next(each.post.card for each in world.chat.messages if ":proposal:" in each.key)
    assert card is not None
    return {field.name: field.value for field in card.fields}.get("Please note", "")


@pytest.mark.parametrize(
    ("written", "noted"),
    [
        (None, True),
        (LOG.replace("- Dice.\n", "- Dice.\n- `/coinflip` flips a coin.\n"), False),
        (LOG + "- `/coinflip` flips a coin.\n", True),  # among what was released already
        (LOG.replace("- Dice.\n", ""), True),
    ],
)
async def test_a_line_that_is_missing_is_noted(
    tmp_path: Path, written: str | None, noted: bool
) -> None:
    assert (MISSING in await notes(ChangeHarness(tmp_path), LOG, written)) is noted


async def test_where_there_is_no_changelog_nothing_is_owed(tmp_path: Path) -> None:
    assert "Owed" not in await notes(ChangeHarness(tmp_path), None, None)
