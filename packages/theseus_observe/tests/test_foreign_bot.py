"""A bot that nobody of Theseus wrote is recorded, and goes on as before."""

import json
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from foreign_bot import BOT, COMMIT, ForeignBot, run_foreign_bot
from test_sinks import Server


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[ForeignBot]:
    async with run_foreign_bot(tmp_path / "their-bot") as bot:
        yield bot


def pick(records: list[dict[str, Any]], event: str) -> dict[str, Any]:
    """Return the one record of an event."""
    found = [each for each in records if each["event"] == event]
    assert len(found) == 1, (event, [each["event"] for each in records])
    return found[0]


def group_by_outcome(records: list[dict[str, Any]], event: str) -> dict[str, list[dict[str, Any]]]:
    """Return the records of an event; a command may end while the next one is under way."""
    found = defaultdict(list)
    for each in records:
        if each["event"] == event:
            found[each["outcome"]].append(each)
    return dict(found)


def get_innermost(record: dict[str, Any]) -> tuple[str, str]:
    frame = record["error"]["frames"][-1]
    return frame["file"], frame["function"]


async def test_typed_commands(bot: ForeignBot) -> None:
    await bot.say("?average 6 3", "2.0")
    await bot.say("?average 6 0", "Sorry: CommandInvokeError")
    await bot.say("?average six 3", "Sorry: BadArgument")
    await bot.end()
    ended = group_by_outcome(bot.read(), "command.average")
    (good,), (failed,), (refused,) = ended["ok"], ended["error"], ended["cancelled"]
    assert failed["error"]["exception"] == "ZeroDivisionError"
    assert get_innermost(failed) == ("cogs/reviews.py", "Reviews.average")
    assert failed["error"]["frames"][-1]["arguments"] == {"total": "6", "number": "0"}
    assert failed["error"]["inputs"] == {"total": "6", "number": "0"}
    assert len(failed["error"]["fingerprint"]) == 12
    assert failed["commit"] == COMMIT
    assert failed["user"].startswith("u-")
    assert 0 < good["duration_ms"] < 10_000
    assert "error" not in refused


async def test_hybrid_and_slash_commands_menus_and_groups(bot: ForeignBot) -> None:
    await bot.alice.run("dev", "grade", points=1)
    await bot.alice.run("dev", "grade", points=7)
    await bot.say("?grade 8", "Sorry: CommandInvokeError")
    await bot.alice.run("dev", "review add", points=2)
    await bot.alice.run("dev", "review add", points=9)
    message = await bot.alice.say("dev", "three short words")
    await bot.alice.use_menu("dev", "Count words", message)
    await bot.alice.interact(
        "dev", autocomplete={"command": "review find", "option": "name", "value": "x"}
    )
    await bot.end()
    records = bot.read()
    graded = group_by_outcome(records, "command.grade")
    assert (len(graded["ok"]), len(graded["error"])) == (1, 2)
    assert {each["error"]["exception"] for each in graded["error"]} == {"IndexError"}
    assert len({each["error"]["fingerprint"] for each in graded["error"]}) == 1
    added = group_by_outcome(records, "command.review add")
    assert (len(added["ok"]), len(added["error"])) == (1, 1)
    assert added["error"][0]["error"]["inputs"] == {"points": "9"}
    assert pick(records, "context_menu.Count words")["outcome"] == "ok"
    choices = pick(records, "command.review find autocomplete")
    assert choices["error"]["exception"] == "LookupError"
    texts = [each["content"] for each in await bot.alice.list_messages("dev")]
    assert "Sorry: HybridCommandError" in texts
    assert "Slash: CommandInvokeError" in texts


async def test_buttons_selects_and_forms(bot: ForeignBot) -> None:
    await bot.say("?show", "plain shown")
    await bot.alice.press("dev", "stars:five")
    await bot.alice.press("dev", "stars:choose", values=["one"])
    await bot.alice.press("dev", "stars:six")
    await bot.say("?show own", "own shown")
    await bot.alice.press("dev", "stars:six")
    await bot.alice.run("dev", "review write")
    await bot.alice.submit("dev", "letter", {"body": "none of your business"})
    await bot.end()
    records = bot.read()
    assert pick(records, "component.Stars.stars:five")["outcome"] == "ok"
    assert pick(records, "component.Stars.stars:choose")["outcome"] == "ok"
    failed = pick(records, "component.Stars.stars:six")
    assert failed["error"]["exception"] == "IndexError"
    assert get_innermost(failed) == ("cogs/reviews.py", "Stars.six")
    own = pick(records, "component.OwnStars.stars:six")
    assert own["error"]["exception"] == "IndexError"
    texts = [each["content"] for each in await bot.alice.list_messages("dev")]
    assert "The view's own handler" in texts
    form = pick(records, "component.Letter.letter")
    assert form["error"]["exception"] == "ValueError"
    assert "business" not in str(form)


async def test_listeners_loops_and_background_tasks(bot: ForeignBot) -> None:
    await bot.say("boom", "Listener on_message failed")
    await bot.say("?start", "started")
    await bot.alice.wait_for("dev", lambda each: each["content"] == "Loop failed")
    await bot.say("?average 6 3", "2.0")
    await bot.end()
    records = bot.read()
    listener = pick(records, "listener.Reviews.on_message")
    assert (listener["error"]["exception"], listener["outcome"]) == ("KeyError", "error")
    turns = [each for each in records if each["event"] == "task.Reviews.count"]
    assert [each["outcome"] for each in turns] == ["ok", "ok", "error"]
    assert turns[2]["error"]["exception"] == "TypeError"
    assert pick(records, "task.Reviews.count.stopped")["outcome"] == "error"
    work = pick(records, "task.Reviews.work")
    assert work["error"]["message"] == "the background is gone"


async def test_commands_and_presses_without_a_response(bot: ForeignBot) -> None:
    await bot.alice.run("dev", "review silent")
    await bot.say("?show", "plain shown")
    await bot.alice.press("dev", "stars:quiet")
    await bot.end()
    silent = pick(bot.read(), "command.review silent")
    assert silent["outcome"] == "no_response"
    assert get_innermost(silent) == ("cogs/reviews.py", "Reviews.silent")
    assert pick(bot.read(), "component.Stars.stars:quiet")["outcome"] == "no_response"


async def test_the_journal_is_for_its_owner_alone(bot: ForeignBot) -> None:
    await bot.say("?average 6 3", "2.0")
    await bot.end()
    folder = bot.root / "theseus-journal"
    modes = {each.name: each.stat().st_mode & 0o777 for each in folder.iterdir()}
    assert {mode for name, mode in modes.items() if name != ".gitignore"} == {0o600}
    assert (folder / ".gitignore").read_text() == "*\n"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert "theseus_observe" not in bot.errors


async def test_a_bot_is_observed_without_changing_a_file(tmp_path: Path) -> None:
    async with run_foreign_bot(
        tmp_path / "their-bot",
        environment={"LOADS_OBSERVE": "0"},
        arguments=("theseus_observe", "bot.py"),
    ) as bot:
        await bot.say("?average 6 0", "Sorry: CommandInvokeError")
    assert pick(bot.read(), "command.average")["error"]["exception"] == "ZeroDivisionError"


async def test_replies_show_ids_only_where_it_is_enabled(tmp_path: Path) -> None:
    async with run_foreign_bot(
        tmp_path / "their-bot", environment={"THESEUS_OBSERVE_REPLIES": "1"}
    ) as bot:
        await bot.say("?average 6 0", "Sorry: CommandInvokeError")
        reply = await bot.alice.wait_for("dev", lambda each: "Error id" in each["content"])
    assert pick(bot.read(), "command.average")["id"][-8:] in reply["content"]


async def test_records_are_sent_to_a_server(tmp_path: Path) -> None:
    server = Server()
    async with run_foreign_bot(
        tmp_path / "their-bot",
        environment={"THESEUS_OBSERVE_URL": server.url, "THESEUS_OBSERVE_TOKEN": "their-token"},
    ) as bot:
        await bot.say("?average 6 0", "Sorry: CommandInvokeError")
    server.close()
    assert server.tokens == {"Bearer their-token"}
    failed = pick([json.loads(line) for line in server.received], "command.average")
    assert failed["error"]["exception"] == "ZeroDivisionError"
    assert not (bot.root / "theseus-journal").exists()


async def test_a_wrong_setting_is_reported_and_the_bot_runs(tmp_path: Path) -> None:
    async with run_foreign_bot(
        tmp_path / "their-bot", environment={"THESEUS_OBSERVE_VALUES": "perhaps"}
    ) as bot:
        await bot.say("?average 6 3", "2.0")
    assert "THESEUS_OBSERVE_VALUES is 'perhaps'" in bot.errors
    assert bot.read() == []


async def test_a_plain_client_with_a_tree(tmp_path: Path) -> None:
    plain = """
import asyncio
import discord
import theseus_observe
from discord import app_commands

class Plain(discord.Client):
    def __init__(self):
        super().__init__(intents=discord.Intents.all(), guild_ready_timeout=0.01)
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self):
        await self.tree.sync()

client = Plain()
theseus_observe.attach(client)

@client.tree.command(description="Divides")
async def divide(interaction, by: int):
    await interaction.response.send_message(str(6 // by))

client.run("a-token", log_handler=None)
"""
    async with run_foreign_bot(tmp_path / "their-bot", bot=plain) as bot:
        await bot.alice.run("dev", "divide", by=2)
        await bot.alice.run("dev", "divide", by=0)
    ended = group_by_outcome(bot.read(), "command.divide")
    assert len(ended["ok"]) == 1
    assert get_innermost(ended["error"][0]) == ("bot.py", "divide")
    assert plain != BOT


async def test_a_press_that_the_views_own_check_lets_pass_needs_an_answer(bot: ForeignBot) -> None:
    await bot.say("?show own", "own shown")
    await bot.alice.press("dev", "stars:choose", values=["one"])
    await bot.alice.press("dev", "stars:quiet")
    await bot.end()
    records = bot.read()
    assert pick(records, "component.OwnStars.stars:quiet")["outcome"] == "no_response"
    assert pick(records, "component.OwnStars.stars:choose")["outcome"] == "ok"  # refused in silence


async def test_an_extension_that_fails_while_it_loads_is_recorded(tmp_path: Path) -> None:
    last = 'await self.load_extension("theseus_observe")'
    text = "open('cogs/broken.py', 'w').write('RATE = 1 / 0')\n" + BOT.replace(
        last, f"{last}\n        asyncio.create_task(self.load_extension('cogs.broken'))"
    )
    async with run_foreign_bot(tmp_path / "their-bot", bot=text) as bot:
        await bot.say("?average 6 3", "2.0")
        await bot.end()
    failed = pick(bot.read(), "task.load cogs.broken")
    assert failed["error"]["exception"] == "ZeroDivisionError"
    assert get_innermost(failed) == ("cogs/broken.py", "<module>")
