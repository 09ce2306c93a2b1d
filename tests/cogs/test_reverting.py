"""A fix that did not hold: the thread says so with numbers, and a press takes it back."""

from pathlib import Path

from bot.domain.posts import Button
from bot.domain.run import Status
from cogs.ui.buttons import RunButton
from tests.support.agent_harness import BROKEN, FIXED
from tests.support.dev_channel import (
    RUN_COGS,
    DevChannel,
    get_custom_id,
    list_labels,
    open_dev_channel,
)
from tests.support.watch_harness import WatchHarness


async def _said(room: DevChannel, who: str, channel: str, text: str) -> str:
    """Return the answer to what somebody says."""
    return str((await room.wait_for_reply(who, await room[who].say(channel, text)))["content"])


async def test_the_button_the_words_and_the_command_all_end_in_one_revert(tmp_path: Path) -> None:
    async with open_dev_channel(tmp_path, extensions=RUN_COGS, make_harness=WatchHarness) as room:
        world = room.world
        assert isinstance(world, WatchHarness)
        run, thread, _ = await room.request_proposal()
        mention = f"<@{room.local.bot_user_id}>"
        assert "has merged nothing" in await _said(room, "dora", thread, f"{mention} revert it")
        await room["alice"].say(thread, "ship it")
        await room.wait_until(lambda run: run.status is Status.DONE)
        world.journal_rolls(well=2, failed=6)
        verdict = await room["bob"].wait_for(thread, lambda m: "**Not fixed.**" in m["content"])
        assert f"<@{room.local.people['alice']}>" in verdict["content"]
        assert "3 in 3 actions before, 6 in 8 after" in verdict["content"]

        pressed = await room["mallory"].press(thread, get_custom_id(verdict, "Revert it"), verdict)
        assert (await room.wait_for_answer("mallory", pressed, thread)).startswith("Sorry mallory")
        refused = await room["mallory"].run(thread, "revert", run=run.id)
        assert (await room.wait_for_answer("mallory", refused, thread)).startswith("Sorry mallory")
        assert len(await room.list_runs()) == 1

        pressed = await room["dora"].press(thread, get_custom_id(verdict, "Revert it"), verdict)
        told = await room.wait_for_answer("dora", pressed, thread)
        undo = await room.wait_for_proposal()
        assert (undo.goal, told) == ("revert", f"On it: <#{undo.thread_id}>")
        assert await _said(room, "bob", "dev", f"{mention} revert #1") == told
        command = await room["alice"].run(thread, "revert")
        assert await room.wait_for_answer("alice", command, thread) == told
        assert len(await room.list_runs()) == 2

        assert await world.checkout.read("cogs/dice.py") == FIXED
        await room["alice"].say(str(undo.thread_id), "ship it")
        await room.wait_until(lambda run: run.status is Status.DONE)
        assert await world.checkout.read("cogs/dice.py") == BROKEN
        again = await _said(room, "alice", thread, f"{mention} revert it")
        assert again.startswith(
            f"This revert was already requested, in <#{undo.thread_id}>: Live at"
        )


async def _offered(room: DevChannel, who: str, command: str, typed: str = "") -> dict[str, str]:
    told = await room[who].interact("dev", autocomplete=command, option="run", value=typed)
    return {choice["value"]: choice["name"] for choice in told["choices"]}


async def test_ids_are_offered_where_something_can_be_done_and_what_was_shipped_as_buttons(
    tmp_path: Path,
) -> None:
    async with open_dev_channel(tmp_path, extensions=RUN_COGS) as room:
        nothing = await room["dora"].run("dev", "revert")
        told = await room.wait_for_answer("dora", nothing, "dev")
        assert told == "I have shipped nothing lately that I could revert."
        run, thread, _ = await room.request_proposal()
        label = "#1 · rolling dice · proposed just now"
        for command in ("ship", "runs show", "runs cancel"):
            for typed in ("", "#1", "DICE", run.id[:3]):
                assert await _offered(room, "dora", command, typed) == {run.id: label}
        assert await _offered(room, "dora", "ship", "quotes") == {}
        shown = await room["dora"].run("dev", "runs show", run="#1")
        assert f"`{run.id}`" in await room.wait_for_answer("dora", shown, "dev")
        unknown = await room["alice"].run("dev", "ship", run="#2")
        assert (await room.wait_for_answer("alice", unknown, "dev")).startswith("There is no run")
        assert await _offered(room, "dora", "revert") == {}
        assert await _offered(room, "dora", "runs retry") == {}

        await room["alice"].say(thread, "ship it")
        await room.wait_until(lambda run: run.status is Status.DONE)
        assert await _offered(room, "dora", "ship") == {}
        assert await _offered(room, "dora", "runs cancel") == {}
        shipped = "#1 · rolling dice · shipped just now"
        assert await _offered(room, "dora", "revert") == {run.id: shipped}
        assert await _offered(room, "mallory", "revert") == {}
        refused = await room["mallory"].run("dev", "revert")
        assert (await room.wait_for_answer("mallory", refused, "dev")).startswith("Sorry mallory")
        asked = await room["dora"].run("dev", "revert")
        assert (
            await room.wait_for_answer("dora", asked, "dev")
            == "Which change shall I propose to revert?"
        )
        (offer,) = [m for m in await room["dora"].list_messages("dev") if list_labels(m)]
        pressed = await room["dora"].press("dev", get_custom_id(offer, f"Revert {shipped}"), offer)
        told = await room.wait_for_answer("dora", pressed, "dev")
        undo = await room.wait_until(lambda run: run.goal == "revert" and run.thread_id is not None)
        assert (undo.trigger.reverts, told) == (run.id, f"On it: <#{undo.thread_id}>")


def test_the_button_of_a_verdict_is_known_after_a_restart() -> None:
    button = Button(label="Revert it", action="revert", arguments=("k7m2xq",))
    found = RunButton.__discord_ui_compiled_template__.fullmatch(button.custom_id)
    assert found is not None
    assert (found["action"], found["run"], found["head"]) == ("revert", "k7m2xq", None)
