"""Every action of a cog is journalled once, and the user who met a failure is informed."""

from ast import literal_eval
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from local_discord.server import LocalDiscord

from bot.domain.journal import Action, ActionOutcome, Kind
from tests.support.live_client import Home, LiveClient, run_client

TOYS = Path(__file__).parent / "sample_cogs.py"


@pytest.fixture
async def room(home: Home, local: LocalDiscord) -> AsyncIterator[LiveClient]:
    home.write("cogs/toys.py", TOYS.read_text())
    async with run_client(home, local) as room:
        yield room


def check_capsule(action: Action, **arguments: object) -> None:
    """Check that the record can become a failing test: its arguments are literals."""
    assert action.error is not None
    assert action.error.exception == "IndexError"
    frame = action.error.innermost
    assert frame is not None
    assert (frame.file, frame.function) == ("cogs/toys.py", "pick")
    assert {name: literal_eval(value) for name, value in frame.arguments.items()} == arguments
    assert not frame.opaque


def check_place(action: Action, local: LocalDiscord) -> None:
    assert (action.guild_id, action.channel_id) == (local.guild_id, local.dev_channel_id)
    assert action.user is not None
    assert str(local.people["alice"]) not in action.user
    assert action.commit == "abc1234"
    assert action.duration_ms is not None
    assert action.duration_ms >= 0


async def the_only(room: LiveClient, kind: Kind) -> Action:
    """Return the only record of that kind; a second one would have been written by now."""
    await room.journal.wait_for(kind)
    (action,) = await room.journal.list_by_kind(kind)
    return action


async def check_id(room: LiveClient, text: str, action: Action) -> None:
    """Check that the answer shows an id that leads to the record."""
    shown = text.split("Error id `")[1].split("`")[0]
    found = await room.journal.get(shown)
    assert found is not None
    assert found.id == action.id


async def show_card(room: LiveClient) -> None:
    assert (await room.alice.run("dev", "card"))["result"] == "message"


async def test_a_command_that_goes_well_is_recorded(room: LiveClient, local: LocalDiscord) -> None:
    await room.alice.run("dev", "echo", word="hi")
    action = await the_only(room, Kind.COMMAND)
    assert (action.event, action.outcome) == ("command.echo", ActionOutcome.OK)
    assert action.error is None
    check_place(action, local)


async def test_a_command_that_fails_is_recorded_and_answered(
    room: LiveClient, local: LocalDiscord
) -> None:
    answer = await room.alice.run("dev", "crash", at=7, whom=str(local.people["bob"]))
    action = await the_only(room, Kind.COMMAND)
    assert (action.event, action.outcome) == ("command.crash", ActionOutcome.ERROR)
    check_place(action, local)
    check_capsule(action, numbers=[1, 2], at=7)
    assert action.error is not None
    inputs = {name: literal_eval(value) for name, value in action.error.inputs.items()}
    assert inputs == {"at": 7, "whom": local.people["bob"]}
    assert answer["result"] == "message"
    assert "`/crash` failed with IndexError" in answer["message"]["content"]
    await check_id(room, answer["message"]["content"], action)


async def test_a_command_that_fails_while_people_wait_is_answered(room: LiveClient) -> None:
    await room.alice.run("dev", "crash_thinking")
    message = await room.alice.wait_for("dev", lambda m: "failed with" in m["content"])
    assert not message["flags"] & 128
    await check_id(room, message["content"], await the_only(room, Kind.COMMAND))


async def test_a_command_that_fails_after_its_answer_follows_up(room: LiveClient) -> None:
    await room.alice.run("dev", "crash_after")
    message = await room.alice.wait_for("dev", lambda m: "failed with" in m["content"])
    await check_id(room, message["content"], await the_only(room, Kind.COMMAND))
    assert (await room.alice.list_messages("dev"))[0]["content"] == "done"


async def test_a_failure_that_comes_too_late_is_told_in_the_channel(room: LiveClient) -> None:
    fault = {"kind": "status", "status": 404, "path": "/interactions/*/callback", "method": "POST"}
    await room.alice.call("POST", "/local/faults", fault)
    await room.alice.interact("dev", command="crash", options={"at": 7})
    message = await room.alice.wait_for("dev", lambda m: "failed with" in m["content"])
    await check_id(room, message["content"], await the_only(room, Kind.COMMAND))


async def test_running_out_of_time_is_an_outcome_of_its_own(room: LiveClient) -> None:
    await room.alice.run("dev", "slow")
    action = await the_only(room, Kind.COMMAND)
    assert action.outcome is ActionOutcome.TIMEOUT
    assert action.error is not None


@pytest.mark.parametrize(
    ("command", "outcome", "text"),
    [
        ("refused", ActionOutcome.OK, "Only approvers may do that."),
        ("guarded", ActionOutcome.CANCELLED, "I could not run that"),
    ],
)
async def test_a_refusal_is_polite_and_no_failure(
    room: LiveClient, command: str, outcome: ActionOutcome, text: str
) -> None:
    answer = await room.alice.run("dev", command)
    action = await the_only(room, Kind.COMMAND)
    assert (action.outcome, action.error) == (outcome, None)
    assert answer["ephemeral"]
    assert text in answer["message"]["content"]
    assert "Error id" not in answer["message"]["content"]


async def test_an_option_that_makes_no_sense_is_no_failure_of_the_bot(room: LiveClient) -> None:
    answer = await room.alice.run("dev", "place", at="somewhere")
    assert answer["ephemeral"]
    action = await the_only(room, Kind.COMMAND)
    assert (action.outcome, action.error) == (ActionOutcome.CANCELLED, None)


async def test_a_bug_in_reading_an_option_is_a_failure(room: LiveClient) -> None:
    answer = await room.alice.run("dev", "place", at="7")
    action = await the_only(room, Kind.COMMAND)
    check_capsule(action, numbers=[1, 2], at=7)
    await check_id(room, answer["message"]["content"], action)


async def test_a_bug_in_reading_a_typed_argument_is_a_failure(room: LiveClient) -> None:
    await room.alice.say("dev", "@Theseus spot 7")
    message = await room.alice.wait_for("dev", lambda m: "failed with" in m["content"])
    action = await the_only(room, Kind.COMMAND)
    check_capsule(action, numbers=[1, 2], at=7)
    await check_id(room, message["content"], action)


async def test_a_command_with_its_own_error_reply_is_recorded_and_not_answered_twice(
    room: LiveClient,
) -> None:
    answer = await room.alice.run("dev", "polite")
    assert answer["message"]["content"] == "my own words"
    check_capsule(await the_only(room, Kind.COMMAND), numbers=[1, 2], at=7)
    assert len(await room.alice.list_messages("dev")) == 1


async def test_a_context_menu_that_fails_is_recorded(room: LiveClient, local: LocalDiscord) -> None:
    said = await room.alice.say("dev", "heavy")
    answer = await room.alice.use_menu("dev", "Weigh", said)
    action = await the_only(room, Kind.CONTEXT_MENU)
    assert action.event == "context_menu.Weigh"
    check_place(action, local)
    check_capsule(action, numbers=[1, 2], at=5)
    assert action.error is not None
    assert literal_eval(action.error.inputs["content"]) == "heavy"
    assert "“Weigh” failed with IndexError" in answer["message"]["content"]


async def test_a_context_menu_that_goes_well_is_recorded(room: LiveClient) -> None:
    await room.alice.interact("dev", command={"name": "Greet", "target": "alice"})
    action = await the_only(room, Kind.CONTEXT_MENU)
    assert (action.name, action.outcome) == ("Greet", ActionOutcome.OK)


async def test_choices_that_cannot_be_offered_are_recorded(
    room: LiveClient, local: LocalDiscord
) -> None:
    await room.alice.interact("dev", autocomplete="choose", option="toy", value="bear")
    action = await the_only(room, Kind.COMMAND)
    assert action.name == "choose autocomplete"
    check_place(action, local)
    check_capsule(action, numbers=[1, 2], at=4)
    assert action.error is not None
    stand_in = literal_eval(action.error.inputs["toy"])  # only alice saw what she typed
    assert stand_in != "bear"
    assert len(stand_in) == len("bear")


async def test_a_typed_command_that_fails_is_recorded_and_answered(
    room: LiveClient, local: LocalDiscord
) -> None:
    await room.alice.say("dev", "@Theseus add 3 and more")
    message = await room.alice.wait_for("dev", lambda m: "failed with" in m["content"])
    action = await the_only(room, Kind.COMMAND)
    assert action.event == "command.add"
    check_place(action, local)
    check_capsule(action, numbers=[1, 2], at=11)
    assert action.error is not None
    inputs = {name: literal_eval(value) for name, value in action.error.inputs.items()}
    assert inputs == {"first": 3, "rest": "and more"}
    await check_id(room, message["content"], action)


@pytest.mark.parametrize(
    ("text", "answer"),
    [("add x y", "I could not run that"), ("deny", "Only approvers may do that.")],
)
async def test_a_typed_command_that_cannot_be_run_is_answered_politely(
    room: LiveClient, text: str, answer: str
) -> None:
    await room.alice.say("dev", f"@Theseus {text}")
    await room.alice.wait_for("dev", lambda m: answer in m["content"])
    assert (await the_only(room, Kind.COMMAND)).error is None


async def test_talk_that_is_no_command_is_not_recorded(room: LiveClient) -> None:
    await room.alice.say("dev", "@Theseus how are you")
    await room.alice.run("dev", "echo", word="hi")
    assert (await the_only(room, Kind.COMMAND)).name == "echo"


async def test_a_listener_that_raises_is_recorded(room: LiveClient, local: LocalDiscord) -> None:
    await room.alice.say("dev", "stumble")
    action = await the_only(room, Kind.LISTENER)
    assert action.event == "listener.Toys.on_message"
    assert (action.guild_id, action.channel_id) == (local.guild_id, local.dev_channel_id)
    assert action.user is not None
    check_capsule(action, numbers=[1, 2], at=7)
    assert action.error is not None
    assert literal_eval(action.error.inputs["content"]) == "stumble"


async def test_every_turn_of_a_loop_is_recorded(room: LiveClient) -> None:
    ticked = await room.journal.wait_for(Kind.TASK, lambda action: action.name == "Toys.tick")
    tripped = await room.journal.wait_for(Kind.TASK, lambda action: action.name == "Toys.trip")
    await room.journal.wait_for(
        Kind.TASK, lambda action: action.name == "Toys.rearm" and action.error is None
    )
    assert (ticked.outcome, ticked.error) == (ActionOutcome.OK, None)
    assert tripped.outcome is ActionOutcome.ERROR
    assert tripped.duration_ms is not None
    check_capsule(tripped, numbers=[1, 2], at=7)
    stopped = await room.journal.wait_for(
        Kind.TASK, lambda action: action.name.endswith(".stopped")
    )
    assert (stopped.event, stopped.error) == ("task.Toys.trip.stopped", None)
    tasks = await room.journal.list_by_kind(Kind.TASK)
    assert [each for each in tasks if each.name == "Toys.rearm.stopped"] == []


@pytest.mark.parametrize(
    ("custom_id", "values", "name", "arguments"),
    [
        ("toys:press:12", [], "Card.toys:press", {"numbers": [1, 2], "at": 7}),
        ("toys:later:12", [], "Card.toys:later", {"numbers": [1, 2], "at": 7}),
        ("toys:choose", ["blue"], "Card.toys:choose", {"numbers": [], "at": 1}),
        ("lasting:9", [], "Lasting.lasting", {"numbers": [1, 2], "at": 9}),
    ],
)
async def test_a_component_that_raises_is_recorded_and_answered(
    room: LiveClient,
    local: LocalDiscord,
    custom_id: str,
    values: list[str],
    name: str,
    arguments: dict[str, Any],
) -> None:
    await show_card(room)
    await room.alice.press("dev", custom_id, values=values)
    message = await room.alice.wait_for("dev", lambda m: "failed with" in m["content"])
    assert message["flags"] & 64
    action = await the_only(room, Kind.COMPONENT)
    assert (action.name, action.outcome) == (name, ActionOutcome.ERROR)
    check_place(action, local)
    check_capsule(action, **arguments)
    assert action.error is not None
    is_private = action.error.holds_stand_ins
    assert is_private == ("later" in custom_id)  # it answers alice alone
    seen_id = literal_eval(action.error.inputs["custom_id"])
    assert (seen_id == custom_id) != is_private
    assert seen_id[:-1] == custom_id[:-1]
    if values:
        assert literal_eval(action.error.inputs["values"]) == values
    await check_id(room, message["content"], action)
    assert not await room.journal.list_by_kind(Kind.LISTENER)


async def test_a_button_with_a_random_id_is_named_after_its_function(room: LiveClient) -> None:
    await room.alice.run("dev", "loose")
    (message,) = await room.alice.list_messages("dev")
    await room.alice.press("dev", message["components"][0]["components"][0]["custom_id"])
    assert (await the_only(room, Kind.COMPONENT)).name == "Loose.anonymous"


async def test_a_button_that_refuses_is_polite_and_no_failure(room: LiveClient) -> None:
    await show_card(room)
    answer = await room.alice.press("dev", "toys:refuse")
    assert answer["ephemeral"]
    assert answer["message"]["content"] == "Only approvers may do that."
    action = await the_only(room, Kind.COMPONENT)
    assert (action.outcome, action.error) == (ActionOutcome.OK, None)


async def test_a_form_that_raises_is_recorded_with_what_was_written(
    room: LiveClient, local: LocalDiscord
) -> None:
    await show_card(room)
    await room.alice.press("dev", "toys:form")
    answer = await room.alice.submit("dev", "toys:wish:12", {"wish": "more"})
    assert answer["ephemeral"]
    assert "That form failed with IndexError" in answer["message"]["content"]
    action = await the_only(room, Kind.COMPONENT)
    assert action.name == "Form.toys:wish"
    check_place(action, local)
    check_capsule(action, numbers=[1, 2], at=4)
    assert action.error is not None
    assert literal_eval(action.error.inputs["wish"]) == "more"
    await check_id(room, answer["message"]["content"], action)


async def test_a_press_that_only_a_listener_hears_is_a_component_too(
    room: LiveClient, local: LocalDiscord
) -> None:
    await room.alice.run("dev", "bare")
    answer = await room.alice.press("dev", "heard:3:1")
    assert answer["ephemeral"]
    action = await the_only(room, Kind.COMPONENT)
    assert action.name == "Toys.heard"
    check_place(action, local)
    check_capsule(action, numbers=[1, 2], at=7)
    await check_id(room, answer["message"]["content"], action)
    assert not await room.journal.list_by_kind(Kind.LISTENER)


async def test_two_clients_in_one_process_do_not_record_each_others_presses(
    room: LiveClient, home: Home, local: LocalDiscord
) -> None:
    await show_card(room)
    other = Home(home.root / "other")
    other.write("cogs/empty.py", "")
    async with run_client(other, local, extensions=["cogs.toys"]) as second:
        await room.alice.press("dev", "toys:press:12")
        await room.journal.wait_for(Kind.COMPONENT)
        await second.journal.wait_for(Kind.COMPONENT)
        assert len(await room.journal.list_by_kind(Kind.COMPONENT)) == 1
        assert len(await second.journal.list_by_kind(Kind.COMPONENT)) == 1
