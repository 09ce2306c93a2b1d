"""How a bot of another kind starts, and the stand-in values that it starts with."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from rehearsal_tests.foreign_bot import write_foreign_bot
from rehearsal_tests.git_repository import commit
from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.foreign import BotStart, find_start, parse_start
from theseus_rehearsal.foreign.databases import copy_databases
from theseus_rehearsal.foreign.stand_ins import build_variables, copy_examples
from theseus_rehearsal.foreign.start import find_python, list_python_paths, require_start
from theseus_rehearsal.repository import Repository

RUNS = "import discord\ndiscord.Client().run('')\n"


@pytest.mark.parametrize(
    ("command", "start"),
    [
        ("python bot.py", BotStart("file", "bot.py")),
        ("python3.12 -u src/bot.py --debug", BotStart("file", "src/bot.py", ("--debug",))),
        ("poetry run python -m shop --shard 1", BotStart("module", "shop", ("--shard", "1"))),
        ("uv run bot.py", BotStart("file", "bot.py")),
        ("shop.client:create_bot", BotStart("factory", "shop.client:create_bot")),
    ],
)
def test_a_start_is_a_file_a_module_or_a_factory(command: str, start: BotStart) -> None:
    assert parse_start(command) == start


@pytest.mark.parametrize("command", ["", "redbot shop", "npm start", "python", 'python "bot.py'])
def test_any_other_start_is_refused(command: str) -> None:
    with pytest.raises(RehearsalError, match="--start: "):
        parse_start(command)


def find(folder: Path, files: Mapping[str, str]) -> BotStart:
    head = commit(folder, files)
    return find_start(Repository.open(folder), head)


def test_the_only_program_that_runs_a_client_is_the_start(tmp_path: Path) -> None:
    assert find(tmp_path / "one", {"shop.py": RUNS, "tests/t.py": RUNS}).name == "shop.py"
    package = find(tmp_path / "two", {"shop/__main__.py": RUNS, "shop/x.py": RUNS})
    assert package == BotStart("module", "shop")


def test_of_several_programs_a_person_chooses(tmp_path: Path) -> None:
    with pytest.raises(RehearsalError, match=r"Perhaps `python a\.py` or `python b\.py`\."):
        find(tmp_path / "bots", {"a.py": RUNS, "b.py": RUNS})


def test_a_pack_of_cogs_for_red_has_no_start(tmp_path: Path) -> None:
    files = {"away/info.json": "{}", "away/away.py": "from redbot.core import commands\n"}
    with pytest.raises(RehearsalError, match="is a pack of cogs for Red-DiscordBot"):
        find(tmp_path / "pack", files)


def test_a_start_that_the_commit_does_not_have_is_refused(tmp_path: Path) -> None:
    head = write_foreign_bot(tmp_path / "shop")
    repository = Repository.open(tmp_path / "shop")
    require_start(repository, head, parse_start("python ./bot.py"))
    with pytest.raises(RehearsalError, match=r"has no main\.py"):
        require_start(repository, head, parse_start("python main.py"))


def test_secrets_and_ids_have_stand_in_values(tmp_path: Path) -> None:
    write_foreign_bot(tmp_path / "shop")
    (tmp_path / "shop/.env").write_text(
        "DISCORD_TOKEN=real-token\nLOG_CHANNEL_ID=987654321987654321\nCOLOR=teal  # or red\n"
        "DATABASE_URL=postgres://shop:hunter2@db.internal/shop\nPREFIX=%\n"
    )
    found = build_variables(tmp_path / "shop", tmp_path / "shop")
    assert found == {
        "DISCORD_TOKEN": "stand-in",
        "LOG_CHANNEL_ID": "{dev_channel}",
        "COLOR": "teal",
        "DATABASE_URL": "postgres://rehearsal@localhost:5432/rehearsal",
        "PREFIX": "%",
    }


def test_what_the_code_looks_up_has_a_value_if_it_needs_one(tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text(
        "import os\nfrom os import getenv\na = os.environ['HOST']\nb = os.getenv('API_KEY')\n"
        "c = getenv('MODE')\nd = os.getenv('BOT_PREFIX')\ne = os.environ.get('SENTRY_DSN', '')\n"
        "f = os.environ['OWNER_ID']\n"
    )
    assert build_variables(tmp_path, tmp_path / "nowhere") == {
        "HOST": "stand-in",
        "API_KEY": "stand-in",
        "BOT_PREFIX": "!",
        "OWNER_ID": "{owner}",
    }


def test_examples_of_configurations_take_the_place_of_missing_ones(tmp_path: Path) -> None:
    names = ("config.example.json", "settings.json.sample", "config_template.py", "data.json")
    for name in (*names, "data.example.json", "templates.py", "__init__.py"):
        (tmp_path / name).write_text(name)
    assert copy_examples(tmp_path) == ["config.json", "config.py", "settings.json"]
    assert (tmp_path / "data.json").read_text() == "data.json"


def test_databases_of_the_work_tree_are_copied(tmp_path: Path) -> None:
    work_tree, folder = tmp_path / "work", tmp_path / "copy"
    work_tree.mkdir()
    folder.mkdir()
    (work_tree / "notes.db").write_text("not a database")
    with closing(sqlite3.connect(work_tree / "shop.db")) as database:
        database.executescript(
            "PRAGMA journal_mode=WAL; CREATE TABLE a (b); INSERT INTO a VALUES (7);"
        )
        assert copy_databases(work_tree, folder) == ["shop.db"]
    with closing(sqlite3.connect(folder / "shop.db")) as copy:
        assert copy.execute("SELECT b FROM a").fetchall() == [(7,)]


def test_the_python_of_the_repository_is_used(tmp_path: Path) -> None:
    base, venv = tmp_path / "base/bin", tmp_path / "shop/venv"
    for folder in (base, venv / "bin", venv / "lib"):
        folder.mkdir(parents=True)
    (venv / "pyvenv.cfg").write_text(f"home = {base}\n")
    python = venv / "bin/python"
    python.touch(0o755)
    assert find_python(tmp_path / "shop", None) == python
    assert list_python_paths(python) == [
        venv / "bin", venv / "lib", venv / "pyvenv.cfg", base,
    ]  # fmt: skip
    with pytest.raises(RehearsalError, match="is no Python"):
        find_python(tmp_path / "shop", tmp_path / "none")
