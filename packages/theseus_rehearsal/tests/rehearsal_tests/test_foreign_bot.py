"""A bot that knows nothing of Theseus is replayed by its own start, over real sockets."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from rehearsal_tests.foreign_bot import FILES, SCRIPT, write_foreign_bot
from rehearsal_tests.git_repository import commit
from theseus_rehearsal.cli.main import build_app
from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.foreign import ForeignRehearsal, parse_start
from theseus_rehearsal.foreign.each_command import try_each_command
from theseus_rehearsal.ports.rehearsal import run_script, run_scripts
from theseus_rehearsal.records import ScriptWorld, Transcript
from theseus_rehearsal.reproductions import find_reproduction, read_records
from theseus_rehearsal.sandbox import BubblewrapSandbox, PlainSandbox, probe
from theseus_rehearsal.script_files import format_script, parse_script
from theseus_rehearsal.scripts import describe_step
from theseus_rehearsal.visible_lines import list_visible_lines
from typer.testing import CliRunner

pytestmark = pytest.mark.slow

FACTORY = """
import discord


async def create():
    return discord.Client(intents=discord.Intents.all())
"""
DESK = """
import typing

import discord
from discord import app_commands, ui
from discord.ext import commands


class Letter(ui.Modal, title="Letter"):
    body = ui.TextInput(label="Body")

    async def on_submit(self, interaction):
        await interaction.response.send_message(f"got {self.body.value}", view=Choice())


class Choice(ui.View):
    @ui.select(placeholder="Size", options=[discord.SelectOption(label="small")])
    async def size(self, interaction, select):
        await interaction.response.send_message(f"a {select.values[0]} one")

    @ui.button(label="Write")
    async def write(self, interaction, button):
        await interaction.response.send_modal(Letter())


@app_commands.context_menu(name="Greet")
async def greet(interaction, member: discord.Member):
    await interaction.response.send_message(f"hello {member.mention}")


@app_commands.context_menu(name="Count")
async def count(interaction, message: discord.Message):
    await interaction.response.send_message(f"{len(message.content)} letters")


class Desk(commands.Cog):
    @app_commands.command(description="Order")
    @app_commands.choices(what=[app_commands.Choice(name="Tea", value="tea")])
    async def order(self, interaction, role: discord.Role, number: app_commands.Range[int, 7, 9],
                    what: str, place: discord.TextChannel, file: discord.Attachment, now: bool):
        content = (await file.read()).decode()
        text = f"{role.name} {number} {what} {place.name} {file.filename} {content} {now}"
        await interaction.response.send_message(text, view=Choice())

    @app_commands.command(description="Write")
    async def letter(self, interaction):
        await interaction.response.send_modal(Letter())

    @app_commands.command(description="Speak")
    async def speak(self, interaction, where: discord.VoiceChannel):
        await interaction.response.send_message("spoken")

    @commands.command()
    async def fetch(self, ctx, number: int, who: typing.Optional[discord.Member],
                    where: discord.TextChannel, kind: typing.Literal["big"]):
        await ctx.send(f"{number} {who} {where} {kind}")

    @commands.command()
    async def upload(self, ctx, file: discord.Attachment):
        await ctx.send(file.filename)

    @commands.Cog.listener()
    async def on_member_join(self, member):
        await member.guild.text_channels[0].send(f"welcome {member.name}")

    @commands.Cog.listener()
    async def on_member_remove(self, member):
        await member.guild.text_channels[0].send(f"{member.name} is gone")


async def setup(bot):
    bot.tree.add_command(greet)
    bot.tree.add_command(count)
    await bot.add_cog(Desk())
"""
WORLD = parse_script(SCRIPT, "shop.yaml")


def rehearse(folder: Path, start: str = "python bot.py") -> ForeignRehearsal:
    python = Path(sys.executable)
    return ForeignRehearsal(PlainSandbox(), parse_start(start), python=python, work_tree=folder)


async def play(folder: Path, script: str, start: str = "python bot.py") -> Transcript:
    return await run_script(rehearse(folder, start), folder, parse_script(script, "s.yaml"))


def call(folder: Path, *words: str) -> tuple[int, str]:
    options = ["--repo", str(folder), "--commit", "HEAD", "--unconfined", *words]
    done = CliRunner().invoke(build_app(), options)
    if isinstance(done.exception, RehearsalError):
        return 2, str(done.exception)
    return done.exit_code, done.output


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("foreign") / "shop"
    write_foreign_bot(folder)
    return folder


async def test_typed_hybrid_and_slash_commands_and_buttons_are_replayed(shop: Path) -> None:
    first, second = await run_scripts(rehearse(shop), shop, [WORLD, WORLD])
    lines = list_visible_lines(first)
    assert not first.has_failed
    assert [lines[at] for at in range(7)] == [
        ("dev: Pong!", "  [Again]"),
        ("dev: Once more!",),
        ("dev: bob is warned",),
        ("dev: 1 warnings",),
        ("dev: Theseus is open",),
        ("dev: 1 warnings",),
        ("dev: 2026-01-01T12:00:04+00:00",),
    ]
    assert [*first.files] == ["shop.db"]
    assert first == second


def test_databases_of_the_work_tree_are_copied_if_wanted_and_stay_as_they_are(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "shop"
    write_foreign_bot(folder)
    with closing(sqlite3.connect(folder / "shop.db")) as database, database:
        database.execute("CREATE TABLE warns (name TEXT)")
        database.execute("INSERT INTO warns VALUES ('carol')")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    script = '- command: /warn name:bob\n- say: "?warns"\n'
    (tmp_path / "s.yaml").write_text(script)
    for words, warnings in (((), 1), (("--copy-databases",), 2)):
        _, output = call(folder, "--script", str(tmp_path / "s.yaml"), *words)
        assert f"dev: {warnings} warnings" in output
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


async def test_failures_are_reported_although_the_bot_handles_them(shop: Path) -> None:
    done = await play(shop, '- say: "?broken"\n- say: "?weather"\n- say: "?news"\n')
    (error,) = done.steps[0].errors
    assert (error.event, error.error, error.at) == (
        "command.broken", "KeyError", "cogs/shop.py:Shop.broken",
    )  # fmt: skip
    assert done.steps[1].wanted == ("GET https://wttr.example/",)
    assert done.steps[2].wanted == ("news.example:443",)


async def test_modules_and_factories_start_too(tmp_path: Path) -> None:
    package = {"shop/__init__.py": "", "shop/__main__.py": FILES["bot.py"]}
    moved = {name.replace("cogs/", "shop/cogs/"): text for name, text in FILES.items()}
    moved["shop/config.example.json"] = moved["config.example.json"]
    moved["shop/schema.sql"] = moved.pop("schema.sql")
    package["shop/__main__.py"] = FILES["bot.py"].replace('f"cogs.', 'f"shop.cogs.')
    folder = tmp_path / "shop"
    commit(folder, {**moved, **package, "made.py": FACTORY})
    ping = '- say: "?ping"\n'
    assert not (await play(folder, ping, "python -m shop")).has_failed
    made = await play(folder, ping, "made:create")
    assert not made.has_failed
    assert made.steps[0].seen == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bot.py": "import discord, nowhere\n"}, "has a module 'nowhere': install what"),
        ({"bot.py": "import discord, sys\nsys.exit('no licence')\n"}, "exited with: no licence"),
        ({"bot.py": "import discord\nprint('see ' + 'the docs')\nraise SystemExit(3)\n"},
         "it exited (3) (its last lines: see the docs)"),
        ({"bot.py": "import discord\ninput('Token? ')\n"}, "it asks for input on the terminal"),
        ({"bot.py": "import discord\nopen('secret.json')\n"}, "it needs the file secret.json"),
        ({"bot.py": "import discord\n"}, "it ended without a login"),
        ({"bot.py": "import discord, os\nos._exit(0)\n"}, "the bot's process ended"),
        ({"bot.py": "import discord, socket\nsocket.create_connection(('localhost', 5432))"},
         "it needs PostgreSQL at 127.0.0.1:5432"),
        ({"bot.py": "import discord, os\nos.environ['shop'.upper()]\n", ".env.example": ""},
         "it needs the variable SHOP"),
    ],
)  # fmt: skip
def test_a_bot_that_does_not_start_is_reported_with_its_reason(
    tmp_path: Path, changes: Mapping[str, str], reason: str
) -> None:
    write_foreign_bot(tmp_path / "shop", dict(changes))
    status, output = call(tmp_path / "shop", "--start", "python bot.py")
    assert status == 2
    assert output.startswith("cannot be replayed: ")
    assert reason in output


def test_each_command_is_tried_and_the_share_that_can_be_replayed_is_printed(shop: Path) -> None:
    status, output = call(shop)
    assert status == 1
    lines = {line.split()[0]: line.split()[1] for line in output.splitlines()[:11]}
    assert lines == {
        "/warn": "answered", "/warns": "answered", "?broken": "failed", "?close": "ended",
        "?help": "answered", "?news": "outside", "?ping": "answered", "?today": "answered",
        "?warn": "answered", "?warns": "answered", "?weather": "outside",
    }  # fmt: skip
    assert "?ping: presses “Again”  answered  dev: Once more!" in output
    assert "privileged intents (members, message_content, presences): enable them" in output
    assert "9 of the other 9 (100 %) can be replayed; 1 of these raises an error." in output
    data = json.loads(call(shop, "--json")[1])
    assert data["counts"] == {"commands": 11, "run": 11, "outside": 2, "replayed": 9, "failed": 1}


async def test_options_menus_forms_and_joining_members_are_tried(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    write_foreign_bot(folder, {"cogs/desk.py": DESK})
    coverage = await try_each_command(rehearse(folder), folder)
    details = {
        f"{run.command.kind} {run.command.text}": run.detail
        for run in coverage.runs
        if run.command.module == "cogs.desk"
    }
    assert re.sub(r"person\d+", "person", str(details)) == str(
        {
            "message_menu Count": "dev: 4 letters",
            "slash letter": "dev (owner alone), form: Letter",
            "slash order": "dev: crew 7 tea general test.txt test True",
            "typed ?fetch": "dev: 1 person general big",
            "user_menu Greet": "dev: hello @person",
        }
    )
    assert [command.text for command in coverage.needing] == ["speak", "?upload"]
    presses = [(run.command.text, does, run.detail) for does, run in coverage.presses]
    assert presses == [
        ("letter", "submits Body: test", "dev: got test"),
        ("order", "presses “Size”: small", "dev: a small one"),
        ("order", "presses “Write”", "dev (owner alone), form: Letter"),
        ("?ping", "presses “Again”", "dev: Once more!"),
        ("letter", "presses “Size”: small", "dev: a small one"),
        ("letter", "presses “Write”", "dev (owner alone), form: Letter"),
        ("order", "submits Body: test", "dev: got test"),
    ]
    script = "- join: carol\n- leave: carol\n"
    lines = list_visible_lines(await play(folder, script))
    assert (lines[0], lines[1]) == (("dev: welcome carol",), ("dev: carol is gone",))


def test_what_people_did_is_repeated_with_two_commits(tmp_path: Path) -> None:
    folder, journal = tmp_path / "shop", tmp_path / "journal"
    write_foreign_bot(folder)
    cog = FILES["cogs/shop.py"].replace("Once more!", "Enough!")
    write_foreign_bot(folder, {"cogs/shop.py": cog})
    journal.mkdir()
    asked = [
        ("command.ping", {"way": "typed", "text": "?ping", "prefix": "?"}),
        ("component.Again.again", {"way": "press", "text": "Again"}),
        ("command.warn", {"way": "slash", "values": {"name": "'bob'"}}),
        ("command.secret", {"way": "slash", "hidden": True}),
    ]
    lines = [
        {"ts": f"2026-03-01T12:00:0{at}Z", "event": event, "kind": event.partition(".")[0],
         "name": event.partition(".")[2], "outcome": "ok", "user": "u-1", "guild_id": 1,
         "channel_id": 2, "request": request}
        for at, (event, request) in enumerate(asked)
    ]  # fmt: skip
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    (journal / "2026-03-01.ndjson").write_text(text)
    status, output = call(folder, "--journal", str(journal), "--compare", "HEAD~1")
    assert status == 1
    assert "1 of the records cannot be repeated: what was typed is private" in output
    assert "person1: presses “Again”" in output
    assert "before  dev: Once more!\n  after   dev: Enough!" in output
    assert "1 of 3 answers change." in output


def test_a_bot_that_starts_in_one_commit_alone_is_not_compared(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    write_foreign_bot(folder)
    broken = write_foreign_bot(folder, {"bot.py": "import discord\nraise ValueError('no')\n"})
    (tmp_path / "s.yaml").write_text('- say: "?ping"\n')
    words = ("--script", str(tmp_path / "s.yaml"), "--compare", "HEAD~1", "--start", "bot.py")
    status, output = call(folder, *words)
    assert status == 2
    assert output.startswith(
        f"cannot be replayed: the bot of commit {broken[:7]} alone does not start: ValueError: no"
    )


def test_two_commits_are_compared(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    write_foreign_bot(folder)
    newer = write_foreign_bot(
        folder, {"cogs/shop.py": FILES["cogs/shop.py"].replace("Pong!", "Pang!")}
    )
    (folder / "s.yaml").write_text('- say: "?ping"\n- command: /warns\n')
    words = ("--script", str(folder / "s.yaml"), "--compare", "HEAD~1")
    status, output = call(folder, *words)
    assert status == 1
    assert "before  dev: Pong!" in output
    assert "after   dev: Pang!" in output
    assert f"to {newer[:7]}: 1 of 2 answers change." in output


async def test_the_sandbox_hides_the_repository_and_the_network(tmp_path: Path) -> None:
    if reason := await probe():
        pytest.skip(reason)
    folder = tmp_path / "shop"
    look = FILES["cogs/shop.py"].replace(
        '"Pong!"', f"str(__import__('os').path.exists({str(folder)!r}))"
    )
    write_foreign_bot(folder, {"cogs/shop.py": look})
    rehearsal = ForeignRehearsal(
        BubblewrapSandbox(private=(folder,)), parse_start("python bot.py"),
        python=Path(sys.executable), work_tree=folder,
    )  # fmt: skip
    done = await run_script(rehearsal, folder, parse_script('- say: "?ping"\n', "s.yaml"))
    assert list_visible_lines(done)[0][0] == "dev: False"


def test_a_script_with_answers_is_a_test(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    write_foreign_bot(folder)
    (tmp_path / "s.yaml").write_text('- say: "?ping"\n')
    _, stated = call(folder, "--script", str(tmp_path / "s.yaml"), "--yaml")
    for name, text in (("good", stated), ("bad", stated.replace("Pong!", "Pang!"))):
        replays = folder / name
        replays.mkdir()
        (replays / "ping.yaml").write_text(text)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "theseus_rehearsal.pytest_plugin", "-p",
             "no:cacheprovider", "--replays", name, "--replays-start",
             "python bot.py"],
            cwd=folder, capture_output=True, text=True, check=False,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": ":".join(sys.path)},
        )  # fmt: skip
        assert done.returncode == (name == "bad"), done.stdout + done.stderr
    assert "-    dev: Pang!" in done.stdout
    assert "+    dev: Pong!" in done.stdout


async def test_a_tree_is_not_copied_into_itself(tmp_path: Path) -> None:
    rehearsal = rehearse(tmp_path)
    with pytest.raises(RehearsalError, match="contains the temporary folder"):
        await run_script(rehearsal, Path(tempfile.gettempdir()), WORLD)


AGE = """
    @commands.command()
    async def old(self, ctx):
        age = datetime.datetime.utcnow() - ctx.author.created_at
        await ctx.send(f"{age.days >= 0}")

    @commands.command()
    async def broken"""


def test_a_failing_replay_judges_edits_of_a_bot_without_tests(tmp_path: Path) -> None:
    text = FILES["cogs/shop.py"].replace("\n    @commands.command()\n    async def broken", AGE)
    shop = tmp_path / "shop"
    write_foreign_bot(shop, {"cogs/shop.py": text})
    (tmp_path / "others").mkdir()
    (tmp_path / "others/ping.yaml").write_text('- say: "?ping"\n')
    (tmp_path / "old.yaml").write_text('- say: "?old"\n')
    repair = ["--start", "python bot.py", "--script", str(tmp_path / "old.yaml"), "--repair"]
    words = ["--others", str(tmp_path / "others"), "--candidates", "6", "--apply"]

    code, output = call(shop, *repair, *words)

    assert code == 0, output
    assert "It fails at step 1." in output
    assert "The script passes; the answers of 1 other scripts are the same." in output
    assert "utcnow()" not in (shop / "cogs/shop.py").read_text()
    assert call(shop, "--start", "python bot.py", "--script", str(tmp_path / "old.yaml"))[0] == 1
    commit(shop, {})
    assert call(shop, *repair) == (
        2,
        "--repair: the script passes already; there is nothing to repair.",
    )


async def test_a_failure_is_reproduced_from_the_journal_that_it_left(shop: Path) -> None:
    seen = await play(shop, 'steps:\n  - say: "?ping"\n  - say: "?broken"\n')
    records = read_records(seen)
    failure = next(each for each in records if each.get("error"))

    async with rehearse(shop).open(shop) as runner:
        found = await find_reproduction(runner, records, failure, ScriptWorld())

    assert found is not None
    assert [describe_step(step) for step in found.script.steps] == ["says “?broken”"]
    assert parse_script(format_script(found.script), "found.yaml") == found.script
