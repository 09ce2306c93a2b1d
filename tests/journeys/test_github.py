"""What happens at GitHub itself: drafts, required checks, hands that merge and close."""

from pathlib import Path

import pytest

from tests.fakes.small_bot_repository import SPIN
from tests.support.casts import claude
from tests.support.page_reader import get_text
from tests.support.parameter_choice import choose_parameters
from tests.support.small_bot_harness import open_small_bot

pytestmark = pytest.mark.slow


async def test_a_merge_waits_for_the_checks_github_requires(tmp_path: Path) -> None:
    async with open_small_bot(tmp_path, claude) as world:
        github = world.cast.github
        assert github is not None
        github.protect(checks=["build"])
        thread, _ = await world.propose_fix(SPIN)
        pull = github.world.pulls[1]
        was_draft = pull.draft
        assert was_draft
        assert [label.name for label in pull.labels] == ["theseus"]
        assert "## What I learned" in str(pull.body)
        github.check(pull.head, "build", None)
        await world.alice.person.say(thread, "ship it")
        await world.alice.wait_for_text(thread, "Shipping")
        await world.wait_until(lambda: any("checks" in str(run["reason"]) or run["stage"] == "ship"
                                      for run in world.list_runs()))  # fmt: skip
        assert world.list_merges() == []
        github.check(pull.head, "build", "success")
        await world.alice.wait_until_live(thread)
        await world.check_command(SPIN)
        assert not pull.draft
        await world.alice.check_wording()
        await world.wait_until_clean()


@pytest.mark.parametrize("by_hand", choose_parameters(["closed", "merged"], each=2))
async def test_what_somebody_does_at_github_by_hand_is_noticed(
    by_hand: str, tmp_path: Path
) -> None:
    async with open_small_bot(tmp_path, claude) as world:
        github = world.cast.github
        assert github is not None
        thread, _ = await world.propose_fix(SPIN)
        if by_hand == "merged":
            github.merge_by_hand(1)
        else:
            github.close_by_hand(1)
        end = await world.alice.wait_for_end(thread)
        assert f"#1 was {by_hand} at the forge by hand" in get_text(end)
        word = await world.alice.person.say(thread, "ship it")
        assert "has ended already" in await world.alice.wait_for_reply(thread, word)
        await world.alice.check_wording()
        await world.wait_until_clean()
