"""The buttons under a change that was found, not proven: only an approver's press proposes it."""

from pathlib import Path

from bot.domain.run import Waiting
from tests.bot.self_improvement.test_unproven import UnprovenWorld
from tests.support.dev_channel import RUN_COGS, get_custom_id, list_labels, open_dev_channel

PROPOSE = "Propose it, I have read it"


async def test_an_approvers_press_proposes_it_and_a_developers_does_not(tmp_path: Path) -> None:
    async with open_dev_channel(tmp_path, extensions=RUN_COGS, make_harness=UnprovenWorld) as room:
        await room["alice"].say(
            "dev", f"<@{room.local.bot_user_id}> rolling dice keeps crashing, fix it"
        )
        run = await room.wait_until(lambda run: run.waiting is Waiting.JUDGEMENT)
        thread = str(run.thread_id)
        card = await room["alice"].wait_for(thread, lambda message: PROPOSE in list_labels(message))
        assert list_labels(card) == ["Try it", PROPOSE, "Reject", "Later", "Ignore"]

        told = await room["dora"].press(thread, get_custom_id(card, PROPOSE), card)
        assert (await room.wait_for_answer("dora", told, thread)).startswith("Sorry dora")
        told = await room["alice"].press(thread, get_custom_id(card, PROPOSE), card)
        assert f"<#{thread}>" in await room.wait_for_answer("alice", told, thread)
        await room.wait_until(lambda run: run.waiting is Waiting.APPROVAL)
