"""Every way into the bot asks the one policy, or is declared open with a reason."""

import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from local_discord.server import LocalPerson

import cogs
from bot.authority.autonomy_levels import Autonomy
from bot.authority.policy import Act
from bot.cli.new_cog import TABLE as COMMANDS_FILE
from bot.cli.new_cog import NewCog, write_cog
from bot.client import list_abilities
from bot.domain.live_items import ItemName
from bot.domain.monitoring_config import SelfAuditConfig
from bot.grammar import COMMAND_LINE, Intent, parse
from bot.monitoring import AuditSources, SelfAudit
from bot.telemetry import Recorder
from tests.fakes.fake_charts import FakeCharts
from tests.support.access_probe import AccessProbe
from tests.support.dev_channel import DevChannel, get_custom_id, open_dev_channel
from tests.support.entry_points import (
    COMMANDS,
    ENTRIES,
    INTENT_TEXTS,
    ConversationSetup,
    iterate_entry_points,
    list_forms,
)

ROOT = Path(__file__).resolve().parents[1]
GWEN = LocalPerson("gwen", listed=True, roles=("developers",))
PLANTED = "tests.support.planted_cog"
_PATIENCE = 60.0  # a busy machine is late, and lateness is not what is judged here


def every_cog() -> list[str]:
    return [f"cogs.{found.stem}" for found in sorted((ROOT / "cogs").iterdir()) if is_cog(found)]


def is_cog(path: Path) -> bool:
    return path.name not in ("__init__.py", "__pycache__", "ui")


@asynccontextmanager
async def inside(
    folder: Path, *more: str, table: ConversationSetup = ENTRIES
) -> AsyncIterator[tuple[DevChannel, AccessProbe]]:
    """Open the dev channel with all cogs, a proposal, and mallory there."""
    (folder / "quotes.url").write_text(
        "http://127.0.0.1:9/", encoding="utf-8"
    )  # the person does not exist
    extensions = (*every_cog(), *more)
    async with open_dev_channel(
        folder,
        extensions=extensions,
        with_monitoring=True,
        newcomers=(GWEN,),
        response_seconds=_PATIENCE,
    ) as room:
        room.world.live_registry.files["persona", "persona"] = "Be kind."
        await room.world.live_registry.reload()
        room.services.add(_self_audit(room, folder))
        run, _, card = await room.request_proposal()
        yield room, AccessProbe(room, run, card, table)


async def loses_the_role(room: DevChannel) -> None:
    guild = room.client.get_guild(room.local.guild_id)
    assert guild is not None
    role = next(each for each in guild.roles if each.name == "developers")
    gwen = room.local.people["gwen"]
    await room.client.http.remove_role(room.local.guild_id, gwen, role.id)


def _self_audit(room: DevChannel, folder: Path) -> SelfAudit:
    world = room.world
    services = AuditSources(
        world.journal, world.store, world.key_values, world.memory, room.client.chat, FakeCharts(),
        world.clock, Recorder(world.journal, world.clock, folder, b"salt", lambda: None),
    )  # fmt: skip
    config = SelfAuditConfig(cron=None)
    return SelfAudit(
        services, room.agent, config, Autonomy(), root=folder,
        dev_channel_id=room.local.dev_channel_id, abilities=lambda: list_abilities(room.client),
    )  # fmt: skip


async def test_every_way_in_asks_for_what_the_table_says_and_changes_nothing(
    tmp_path: Path,
) -> None:
    async with inside(tmp_path) as (room, mallory):
        assert set(every_cog()) == set(room.client.extensions)
        await loses_the_role(room)
        mallory.people = ("mallory", "gwen")
        complaints = await mallory.list_findings()
        assert complaints == [], "\n".join(complaints)
        assert set(iterate_entry_points(room.client)) == {
            each for each in ENTRIES if each != "reacts 🚢"
        }
        audited = await room.world.store.list_audit_entries(limit=1_000)
        assert [each for each in audited if each.channel_id is None] == []


@pytest.mark.parametrize(("label", "act"), [("Revise", "revise"), ("Try it", "ask")])
async def test_a_form_that_was_opened_in_time_is_refused_once_the_role_is_gone(
    tmp_path: Path, label: str, act: str
) -> None:
    async with inside(tmp_path) as (room, mallory):
        assert {form.__name__ for form in list_forms(room.client)} == {
            "AmendModal",
            "ReviseModal",
            "TrialModal",
        }
        thread = str(mallory.run.thread_id)
        told = await room["gwen"].press(thread, get_custom_id(mallory.card, label), mallory.card)
        assert told["result"] == "modal"
        await loses_the_role(room)
        [field] = told["modal"]["fields"]
        form = {field["custom_id"]: "/roll dice:0d6"}
        sent = await room["gwen"].submit(thread, told["modal"]["custom_id"], form)
        assert (await room.wait_for_answer("gwen", sent, thread)).startswith("Sorry gwen")
        assert (await room.list_refused())[-1] == ("gwen", act)
        assert room.world.rehearsal.replayed == []


async def test_a_way_in_that_somebody_adds_and_that_asks_nobody_is_found(tmp_path: Path) -> None:
    told = {"/leak": Act.READ, "choices /leak run": Act.READ, "button Lever pull": Act.CANCEL}
    known = dict.fromkeys(ENTRIES, "tried above")
    async with inside(tmp_path, PLANTED, table={**known, **told}) as (_, mallory):
        mallory.everyday = ("/runs list", "/roll")
        complaints = await mallory.list_findings()
    where = sorted(complaint.partition(":")[0] for complaint in complaints)
    assert where == [
        "/beds dig",
        "/hidden",
        "/leak",
        "/runs list",
        "/whisper",
        "@ shout",
        "@ whisper",
        "button Lever pull",
        "button Lever push",
        "choices /leak run",
        "form ReviseModal",
        "form Wish",
        "hears Planted.on_interaction",
        "hears Planted.on_message",
        "hears Planted.on_raw_message_edit",
        "hears Planted.on_reaction_add",
        "hears client.on_typing",
        "hook Planted.cog_app_command_error",
        "hook Planted.cog_check",
        "hook client._checks",
        "hook leak error",
        "item Pick",
        "loop Planted._hourly",
        "loop nightly",
        "menu Leak this",
        "menu Tell me",
        "view Lasting",
        "view Passing",
        "view View",
    ]


@pytest.fixture
def beginners_cogs(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Add the guide's cog and a new one to ours; return their lines of the table, by module."""
    page = (ROOT / "docs/writing-a-cog.md").read_text(encoding="utf-8")
    table = tmp_path / COMMANDS_FILE
    table.parent.mkdir(parents=True)
    table.write_text(between(page, "json"), encoding="utf-8")
    (tmp_path / "cogs").mkdir()
    (tmp_path / "cogs/coins.py").write_text(between(page, "python"), encoding="utf-8")
    write_cog(NewCog("tried_in_a_test", "Toss a coin"), tmp_path)
    cogs.__path__.append(str(tmp_path / "cogs"))
    yield json.loads(table.read_text(encoding="utf-8"))
    cogs.__path__.remove(str(tmp_path / "cogs"))
    for name in ("coins", "tried_in_a_test"):
        sys.modules.pop(f"cogs.{name}", None)


def between(page: str, language: str) -> str:
    """Return the first piece of that language in a page."""
    return page.split(f"```{language}\n", 1)[1].split("```", 1)[0]


async def test_the_cog_of_the_guide_and_a_new_one_pass_with_their_lines(
    beginners_cogs: dict[str, str], tmp_path: Path
) -> None:
    assert list(beginners_cogs) == ["/flip", "/tried_in_a_test"]
    table = {**dict.fromkeys(ENTRIES, "tried above"), **beginners_cogs}
    async with inside(tmp_path, "cogs.coins", "cogs.tried_in_a_test", table=table) as (
        room,
        mallory,
    ):
        mallory.everyday = tuple(beginners_cogs)
        assert await mallory.list_findings() == []
        added = set(iterate_entry_points(room.client)) - set(ENTRIES)
    assert added == set(beginners_cogs)


def test_what_is_said_here_is_heard_as_it_is_meant() -> None:
    persona = ItemName(kind="persona", name="persona")
    here = COMMAND_LINE.replace(in_thread=True, items=(persona,))
    assert set(INTENT_TEXTS) == set(Intent)
    for intent, text in INTENT_TEXTS.items():
        assert parse(text, here).intent is intent, text


def test_only_commands_that_nothing_else_is_said_of_are_everyday() -> None:
    for entry, told in COMMANDS.items():
        assert entry.startswith("/") and ENTRIES[entry] is told, entry


def test_whoever_declares_a_way_in_open_says_why() -> None:
    for entry, told in ENTRIES.items():
        assert isinstance(told, Act) or len(told) > 8, entry
