"""What happens at GitHub itself: drafts, required checks, hands that merge and close."""

from pathlib import Path

import pytest

from tests.fakes.small_bot_repository import SPIN
from tests.support.casts import claude
from tests.support.choosing import some_of
from tests.support.page_reader import text_of
from tests.support.small_world import small_world

pytestmark = pytest.mark.slow


async def test_a_merge_waits_for_the_checks_github_requires(tmp_path: Path) -> None:
    async with small_world(tmp_path, claude) as world:
        github = world.cast.github
        assert github is not None
        github.protect(checks=["build"])
        thread, _ = await world.proposed(SPIN)
        pull = github.world.pulls[1]
        was_draft = pull.draft
        assert was_draft
        assert [label.name for label in pull.labels] == ["theseus"]
        assert "## What I learned" in str(pull.body)
        github.check(pull.head, "build", None)
        await world.alice.person.say(thread, "ship it")
        await world.alice.said(thread, "Shipping")
        await world.until(lambda: any("checks" in str(run["reason"]) or run["stage"] == "ship"
                                      for run in world.runs()))  # fmt: skip
        assert world.merges() == []
        github.check(pull.head, "build", "success")
        await world.alice.live(thread)
        await world.works(SPIN)
        assert not pull.draft
        await world.alice.reads_well()
        await world.nothing_left()


@pytest.mark.parametrize("by_hand", some_of(["closed", "merged"], each=2))
async def test_what_somebody_does_at_github_by_hand_is_noticed(
    by_hand: str, tmp_path: Path
) -> None:
    async with small_world(tmp_path, claude) as world:
        github = world.cast.github
        assert github is not None
        thread, _ = await world.proposed(SPIN)
        if by_hand == "merged":
            github.merge_by_hand(1)
        else:
            github.close_by_hand(1)
        end = await world.alice.ended(thread)
        assert f"#1 was {by_hand} at the forge by hand" in text_of(end)
        word = await world.alice.person.say(thread, "ship it")
        assert "has ended already" in await world.alice.replied(thread, word)
        await world.alice.reads_well()
        await world.nothing_left()
