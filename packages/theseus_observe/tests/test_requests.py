"""What people asked for is recorded so that it can be asked again, and private values are not."""

import json
from pathlib import Path
from typing import Any

from foreign_bot import ForeignBot, run_foreign_bot

SECRET = "my password is hunter2hunter2"


async def use_the_bot(bot: ForeignBot) -> None:
    """Ask in every way, and end the bot."""
    await bot.say("?average 6 3", "2.0")
    await bot.say("?average 6 0", "Sorry")
    await bot.alice.run("dev", "grade", points=1)
    message = await bot.alice.say("dev", "three short words")
    await bot.alice.use_menu("dev", "Count words", message)
    await bot.say("?show", "plain shown")
    await bot.alice.press("dev", "stars:choose", values=["one"])
    await bot.alice.press("dev", "stars:six")
    await bot.alice.run("dev", "review write")
    await bot.alice.submit("dev", "letter", {"body": SECRET})
    await bot.say("boom", "Listener on_message failed")
    await bot.end()


def collect_requests(bot: ForeignBot) -> list[tuple[str, dict[str, Any]]]:
    """Return each event and its request, without empty fields."""
    fields = ((each["event"], each["request"]) for each in bot.read() if "request" in each)
    return [(event, {key: each for key, each in one.items() if each}) for event, one in fields]


async def test_requests_are_recorded_as_they_were_made(tmp_path: Path) -> None:
    variables = {"THESEUS_OBSERVE_TRAFFIC": "1"}
    async with run_foreign_bot(tmp_path / "their-bot", environment=variables) as bot:
        await use_the_bot(bot)
    owner = {"permissions": ["administrator"], "owner": True}
    found = collect_requests(bot)
    rights = found[0][1].get("permissions")
    assert all(one.get("permissions") == rights and one["owner"] for _, one in found)
    asked = [(event, {k: v for k, v in one.items() if k not in owner}) for event, one in found]
    expected: list[tuple[str, dict[str, Any]]] = [
        ("command.average", {"way": "typed", "text": "?average 6 3", "prefix": "?"}),
        ("command.average", {"way": "typed", "text": "?average 6 0", "prefix": "?"}),
        ("command.grade", {"way": "slash", "values": {"points": "1"}}),
        ("context_menu.Count words", {"way": "message_menu", "text": "three short words"}),
        ("command.show", {"way": "typed", "text": "?show", "prefix": "?"}),
        ("component.Stars.stars:choose",
         {"way": "press", "text": "stars:choose", "chosen": ["one"]}),
        ("component.Stars.stars:six", {"way": "press", "text": "six"}),
        ("command.review write", {"way": "slash"}),
        ("component.Letter.letter", {"way": "form", "hidden": True}),
        ("listener.Reviews.on_message", {"way": "message", "text": "boom"}),
    ]  # fmt: skip
    for each in expected:
        assert each in asked
    assert len(asked) == len(expected)
    assert "hunter2" not in json.dumps(bot.read())


async def test_without_traffic_only_failures_have_requests(tmp_path: Path) -> None:
    async with run_foreign_bot(tmp_path / "their-bot") as bot:
        await use_the_bot(bot)
    assert sorted(event for event, _ in collect_requests(bot)) == [
        "command.average",
        "component.Letter.letter",
        "component.Stars.stars:six",
        "listener.Reviews.on_message",
    ]


async def test_a_bot_that_hides_its_answers_hides_what_was_asked(tmp_path: Path) -> None:
    variables = {"THESEUS_OBSERVE_TRAFFIC": "1", "THESEUS_OBSERVE_VALUES": "never"}
    async with run_foreign_bot(tmp_path / "their-bot", environment=variables) as bot:
        await bot.say("?average 6712 3", "2237")
        await bot.say("?average 6712 0", "Sorry")
        await bot.end()
    assert "6712" not in json.dumps(bot.read())
    found = [request for _, request in collect_requests(bot)]
    assert found and all(request["hidden"] for request in found)


async def test_names_become_mentions_so_that_no_one_is_named(tmp_path: Path) -> None:
    async with run_foreign_bot(tmp_path / "their-bot") as bot:
        await bot.say("?praise alice dev", "Sorry")
        await bot.end()
    ((event, request),) = collect_requests(bot)
    record = next(each for each in bot.read() if each["event"] == event)
    assert request["text"] == f"?praise <@{record['user']}> <#{record['channel_id']}>"
