"""Tests that ask a failed command again: as people did, with only data from the record."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from bot.domain.journal import Action, Kind
from bot.domain.plan import Reproduction
from bot.proof.reproduction import build_command_candidate, parse_options
from tests.fakes.fake_clock import FakeClock
from tests.support.failures import make_capsule, make_failure

ROOT = Path(__file__).parents[3]
COG = """import discord
from discord import app_commands
from discord.ext import commands


class Gifts(commands.Cog):
    box = app_commands.Group(name="box", description="Boxes")

    @commands.command(name="typed")
    async def typed(self, ctx, whom: discord.Member, first: str, *, rest: str = "") -> None: ...

    @commands.command()
    async def told(self, ctx, where: discord.TextChannel) -> None: ...

    @commands.group()
    async def shelf(self, ctx) -> None: ...

    @shelf.command()
    async def dust(self, ctx, times: int) -> None: ...

    @commands.hybrid_command(name="share")
    async def split(self, ctx: commands.Context, coins: int, people: int) -> None: ...

    @commands.hybrid_group()
    async def pot(self, ctx: commands.Context) -> None: ...

    @pot.command()
    async def fill(self, ctx: commands.Context, coins: int) -> None: ...

    @app_commands.command(name="give", description="Give")
    @app_commands.rename(whom="to", count="how-many")
    async def give_it(
        self,
        interaction: discord.Interaction,
        whom: discord.Member | None,
        count: app_commands.Range[int, 1, 9] = 1,
        where: discord.TextChannel | None = None,
        role: discord.Role | None = None,
        note: str = "",
    ) -> None: ...

    @box.command(description="Open")
    async def open(self, interaction: discord.Interaction) -> None: ...
"""


def failed(name: str = "give", *, file: str = "cogs/gifts/_given.py", **inputs: str) -> Action:
    error = make_capsule(exception="KeyError", file=file, function="Gifts.give_it")
    return make_failure(FakeClock(), error.replace(inputs=inputs), name=name)


def written(action: Action, *, room: bool = True) -> Reproduction | None:
    files = {"cogs/gifts/_given.py": COG, "cogs/gifts.py": COG, "bot/other.py": COG}
    return build_command_candidate(
        action, read=(files | ({"tests/cogs/room.py": ""} if room else {})).get
    )


def test_a_command_is_asked_again_with_its_options_by_people_who_are_there() -> None:
    options = {"to": "81", "how-many": "3", "where": "77", "note": "'for \\'you\\''"}
    test = written(failed(**options))

    assert test is not None
    (call,) = [
        ast.unparse(node)
        for node in ast.walk(ast.parse(test.source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "room.alice.slash"
    ]
    assert call == (
        "room.alice.slash(room.channel, 'give', to=room.bob, **{'how-many': 3}, "
        "where=room.channel, note=\"for 'you'\")"
    )
    assert 'open_room("cogs.gifts", tmp_path)' in test.source
    assert "81" not in test.source
    assert test.expects == "KeyError"
    assert test.node_id == f"{test.path}::test_give_is_answered"


def test_a_command_of_a_group_goes_by_its_whole_name() -> None:
    test = written(failed("box open"))

    assert test is not None
    assert 'slash(room.channel, "box open")' in test.source


@pytest.mark.parametrize(
    ("action", "call"),
    [
        (
            failed("typed", whom="81", first="'a b'", rest=repr('all "the" rest')),
            'room.say(room.alice, \'@Theseus typed @bob "a b" all "the" rest\')',
        ),
        (failed("shelf dust", times="3"), "room.say(room.alice, '@Theseus shelf dust 3')"),
        (
            failed("share", coins="9", people="0"),
            "room.alice.slash(room.channel, 'share', coins=9, people=0)",
        ),
        (failed("pot fill", coins="9"), "room.alice.slash(room.channel, 'pot fill', coins=9)"),
    ],
    ids=lambda each: each.name if isinstance(each, Action) else "",
)
def test_hybrid_and_typed_commands_are_asked_again_as_they_can_be(
    action: Action, call: str
) -> None:
    test = written(action)

    assert test is not None
    calls = [ast.unparse(node) for node in ast.walk(ast.parse(test.source)) if is_asked(node)]
    assert ("assert room.answer_to(typed)" in test.source) is ("room.say" in call)
    assert [each.replace("'", '"') for each in calls] == [call.replace("'", '"')]


def is_asked(node: ast.AST) -> bool:
    asked = {"room.alice.slash", "room.say"}
    return isinstance(node, ast.Call) and ast.unparse(node.func) in asked


def test_a_hybrid_has_the_options_that_people_give() -> None:
    assert [*(parse_options(COG, "share") or ())] == ["coins", "people"]
    assert parse_options(COG, "typed") is None


@pytest.mark.parametrize(
    "action",
    [
        failed("typed", times="3"),
        failed("typed", first=repr('no "quotes"')),
        failed("typed", first="''"),
        failed("told", where="77"),
        failed("gone"),
        failed(role="5"),
        failed(unknown="5"),
        failed(note="b'bytes'"),
        failed(note="open('x')"),
        failed(file="bot/other.py"),
        failed('give", boom(), "'),
        failed().replace(kind=Kind.TASK),
        failed().replace(error=None),
    ],
    ids=lambda each: each.name,
)
def test_what_cannot_be_asked_again_has_no_test(action: Action) -> None:
    assert written(action) is None


def test_a_project_whose_cogs_are_not_tested_in_a_room_has_no_such_test() -> None:
    assert written(failed(), room=False) is None


@pytest.mark.slow
def test_a_fault_in_a_command_itself_turns_it_red_and_its_mend_green(tmp_path: Path) -> None:
    for folder in ("bot", "tests"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    (tmp_path / "cogs").mkdir()
    (tmp_path / "cogs/__init__.py").touch()
    sound = (ROOT / "cogs/reminders.py").read_text("utf-8")
    right = "due = self._get_time() + seconds"
    broken = sound.replace(right, right.replace("seconds", "str(seconds)"))
    inputs = {"in": "'10m'", "about": "'tea'"}
    error = make_capsule(exception="TypeError", file="cogs/reminders.py").replace(inputs=inputs)
    read = {"cogs/reminders.py": broken, "tests/cogs/room.py": ""}.get
    test = build_command_candidate(make_failure(FakeClock(), error, name="remind"), read=read)
    assert test is not None

    told = [outcome(tmp_path, text, test) for text in (broken, sound)]

    assert "cogs/reminders.py:" in told[0]
    assert "TypeError" in told[0]
    assert "1 failed" in told[0]
    assert "1 passed" in told[1]


def outcome(root: Path, cog: str, test: Reproduction) -> str:
    (root / "cogs/reminders.py").write_text(cog, "utf-8")
    (root / "test_again.py").write_text(test.source, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o",
               "asyncio_mode=auto", "test_again.py"]  # fmt: skip
    environment = {"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout
