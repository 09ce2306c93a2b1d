"""A bot that knows nothing of Theseus is replayed by its own start, over real sockets."""

import json
import os
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
from theseus_rehearsal.ports.rehearsal import run_script, run_scripts
from theseus_rehearsal.records import Transcript
from theseus_rehearsal.sandbox import BubblewrapSandbox, PlainSandbox, probe
from theseus_rehearsal.script_files import parse_script
from theseus_rehearsal.visible_lines import list_visible_lines
from typer.testing import CliRunner

pytestmark = pytest.mark.slow

FACTORY = """
import discord


async def create():
    return discord.Client(intents=discord.Intents.all())
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


def test_each_command_is_run_and_the_share_that_can_be_replayed_is_printed(shop: Path) -> None:
    status, output = call(shop)
    assert status == 1
    lines = {line.split()[0]: line.split()[1] for line in output.splitlines()[:9]}
    assert lines == {
        "/warns": "answered", "?broken": "failed", "?close": "ended", "?help": "answered",
        "?news": "outside", "?ping": "answered", "?today": "answered", "?warns": "answered",
        "?weather": "outside",
    }  # fmt: skip
    assert "Not run, because they need options: warn, ?warn." in output
    assert "7 of the other 7 (100 %) can be replayed; 1 of these raise an error." in output
    data = json.loads(call(shop, "--json")[1])
    assert data["counts"] == {"commands": 11, "run": 9, "outside": 2, "replayed": 7, "failed": 1}


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
