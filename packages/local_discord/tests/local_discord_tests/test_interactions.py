"""Slash commands, menus, buttons, selects, modals and autocomplete, with a real bot."""

from typing import Any

import pytest
from local_discord.person import Person, PersonRefusedError
from local_discord.server import LocalDiscord
from local_discord_tests.sample_bot import Card, SampleBot

pytestmark = pytest.mark.asyncio(loop_scope="module")


def says(text: str) -> Any:
    return lambda message: message["content"] == text


async def card(alice: Person) -> dict[str, Any]:
    await alice.say("dev", "card")
    return await alice.wait_for("dev", says("the card"))


@pytest.mark.parametrize(
    "body",
    [
        {"command": "say", "options": {"text": "hi", "times": 2}},
        {"command": "/say", "options": {"text": "hi", "times": "2"}},
        {"command": "/say text:hi times:2"},
        {"command": 'say times:2 text:"hi"'},
        {"command": {"name": "say", "options": {"text": "hi", "times": 2}}},
        {"command": {"name": "/say", "options": [{"name": "text", "value": "hi"}]},
         "options": {"text": "unused"}},
        {"command": {"name": "say"}, "options": [{"name": "text", "type": 3, "value": "hi hi"}]},
        {"command": "/say hi hi"},
        {"slash": "/say hi hi"},
    ],
)  # fmt: skip
async def test_a_slash_command_may_be_written_in_many_ways(
    bot: SampleBot, alice: Person, body: dict[str, Any]
) -> None:
    told = await alice.interact("dev", **body)
    assert told["result"] == "message", told
    assert told["message"]["content"] in ("hi hi", "hi")
    assert told["message"]["interaction_metadata"]["user"]["username"] == "alice"


@pytest.mark.parametrize(
    "body",
    [
        {"command": "runs show", "options": {"number": 7}},
        {"command": "/runs show 7"},
        {"command": "runs show number:7"},
        {"command": {"name": "runs", "subcommand": "show", "options": {"number": 7}}},
        {"command": {"name": "runs", "options": [
            {"name": "show", "type": 1, "options": [{"name": "number", "value": 7}]}]}},
    ],
)  # fmt: skip
async def test_a_subcommand_is_reached_by_path_or_by_nesting(
    bot: SampleBot, alice: Person, body: dict[str, Any]
) -> None:
    answer = (await alice.interact("dev", **body))["message"]
    assert answer["content"] == "run 7"
    assert answer["interaction_metadata"]["name"] == "runs show"


async def test_an_option_that_names_a_person_resolves_to_a_member(
    bot: SampleBot, alice: Person
) -> None:
    told = await alice.run("dev", "who", member="@bob")
    assert told["message"]["content"] == "bob alice"


async def test_the_picker_lists_what_the_bot_registered(bot: SampleBot, alice: Person) -> None:
    listed = (await alice.call("GET", "/local/commands"))["commands"]
    shown = {(command["name"], command["type"]) for command in listed}
    assert {("say", 1), ("runs show", 1), ("runs list", 1), ("Fix this", 3)} <= shown
    say = next(command for command in listed if command["name"] == "say")
    assert [(o["name"], o["required"]) for o in say["options"]] == [
        ("text", True),
        ("times", False),
    ]


async def test_an_ephemeral_answer_is_for_one_person_only(
    bot: SampleBot, alice: Person, mallory: Person
) -> None:
    told = await alice.run("dev", "secret")
    assert (told["result"], told["ephemeral"]) == ("ephemeral", True)
    assert told["message"]["flags"] & 64
    assert [m["content"] for m in await alice.list_messages("dev")] == ["only you"]
    assert await mallory.list_messages("dev") == []
    assert await alice.call("GET", "/local/channels/dev/messages") == []
    await alice.delete("dev", told["message"])
    assert await alice.list_messages("dev") == []


async def test_a_deferred_answer_is_edited_and_followed_up(bot: SampleBot, alice: Person) -> None:
    told = await alice.run("dev", "think")
    assert told["result"] in ("deferred", "message")
    thought = await alice.wait_for("dev", says("thought"))
    assert thought["id"] == told["message"]["id"]
    assert not thought["flags"] & 128
    assert [a["filename"] for a in thought["attachments"]] == ["thought.diff"]
    more = await alice.wait_for("dev", says("and more"))
    assert more["flags"] & 64


async def test_autocomplete_offers_choices(bot: SampleBot, alice: Person) -> None:
    wanted = [{"name": "run-1", "value": "run-1"}, {"name": "run-2", "value": "run-2"}]
    told = await alice.interact("dev", autocomplete="pick", option="run", value="run")
    assert (told["result"], told["choices"]) == ("choices", wanted)
    inside = {"command": "pick", "option": "run", "value": "run"}
    assert (await alice.interact("dev", autocomplete=inside))["choices"] == wanted


async def test_a_context_menu_gets_its_message(bot: SampleBot, alice: Person) -> None:
    said = await alice.say("dev", "boom")
    told = await alice.use_menu("dev", "Fix this", said)
    assert told["message"]["content"] == "fixing boom"
    command = {"name": "Fix this", "target": said["id"]}
    assert (await alice.interact("dev", command=command))["result"] == "message"
    told = await alice.interact("dev", command="Who is", target="bob")
    assert told["message"]["content"] == "that is bob"


async def test_a_button_changes_its_message(bot: SampleBot, alice: Person) -> None:
    shown = await card(alice)
    told = await alice.press("dev", "card:ship", shown)
    assert told["result"] == "updated"
    assert told["message"]["content"] == "shipped by alice"
    assert told["message"]["components"] == []
    with pytest.raises(PersonRefusedError, match="has no 'card:ship'"):
        await alice.press("dev", "card:ship", shown)


async def test_a_press_may_be_acknowledged_in_silence(bot: SampleBot, alice: Person) -> None:
    await card(alice)
    told = await alice.interact("dev", component={"custom_id": "card:quiet"})
    assert told["result"] == "acknowledged"


async def test_a_select_sends_the_values_chosen(bot: SampleBot, alice: Person) -> None:
    shown = await card(alice)
    told = await alice.press("dev", "card:choose", shown, values=["blue"])
    assert told["message"]["content"] == "chose blue"
    with pytest.raises(PersonRefusedError, match="there is no 'green'"):
        await alice.press("dev", "card:choose", shown, values=["green"])


async def test_a_modal_is_opened_filled_and_submitted_once(
    bot: SampleBot, alice: Person, mallory: Person
) -> None:
    shown = await card(alice)
    told = await alice.press("dev", "card:revise", shown)
    assert told["result"] == "modal"
    assert (told["modal"]["custom_id"], told["modal"]["title"]) == ("card:question", "Revise")
    fields = told["modal"]["fields"]
    assert [(f["custom_id"], f["label"], f["style"], f["required"]) for f in fields] == [
        ("wish", "What else?", 1, True),
        ("why", "Why?", 2, False),
    ]
    with pytest.raises(PersonRefusedError, match=r"no 'card:question' is open for mallory"):
        await mallory.submit("dev", "card:question", {"wish": "x"})
    with pytest.raises(PersonRefusedError, match="wish"):
        await alice.submit("dev", "card:question", {"why": "no wish"})
    told = await alice.submit("dev", "card:question", {"wish": "handle X too"})
    assert told["message"]["content"] == "alice wants handle X too"
    with pytest.raises(PersonRefusedError, match="submitted already"):
        await alice.submit("dev", "card:question", {"wish": "again"})


async def test_commands_and_buttons_work_in_direct_messages(
    bot: SampleBot, alice: Person, local: LocalDiscord
) -> None:
    assert (await alice.run("@alice", "say", text="hi"))["message"]["content"] == "hi"
    user = await bot.fetch_user(local.people["alice"])
    sent = await user.send("private card", view=Card())
    told = await alice.press("@alice", "card:ship", str(sent.id))
    assert told["message"]["content"] == "shipped by alice"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"command": "sya"}, "there is no 'sya' here; there are /"),
        ({"command": "say"}, "options.text: /say needs it"),
        ({"command": "say", "options": {"txt": "x"}}, "no such option; it has text, times"),
        ({"command": "say", "options": {"text": "x", "times": "two"}}, "options.times: give a"),
        ({"command": "runs"}, "needs a subcommand: /runs show, /runs list"),
        ({"command": "Fix this"}, "message: 'Fix this' is a context menu"),
        ({"component": "nope"}, "dev has no 'nope'"),
        ({"command": "say", "component": "x"}, "give exactly one of command, component"),
        ({}, "give exactly one of command, component"),
        ({"autocomplete": "say", "option": "text", "value": ""}, "completes nothing"),
        ({"command": 5}, "command: give its name, as text"),
    ],
)
async def test_a_wrong_request_is_told_the_key_and_the_way_out(
    bot: SampleBot, alice: Person, body: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(PersonRefusedError) as refused:
        await alice.interact("dev", **body)
    assert sentence in str(refused.value)
    assert 400 <= refused.value.status < 500
