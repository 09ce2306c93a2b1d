"""`theseus new cog`: its output passes our lint, and invalid names are refused."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.cli.new_cog import TABLE, NewCog, write_cog
from bot.domain.errors import ConfigError
from tests.support.entry_points import ENTRIES

ROOT = Path(__file__).resolve().parents[3]
LONGEST = NewCog("abcdefghij_klmnopqrs", "W" * 60)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    sorted_by_ruff = ("bot/client/__init__.py", "tests/cogs/room.py")  # it looks what is ours
    for path in ("cogs/dice.py", "cogs/reminders.py", TABLE, "pyproject.toml", *sorted_by_ruff):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, tmp_path / path)
    return tmp_path


def test_a_cog_its_test_and_its_line_are_written_as_ruff_lays_them_out(checkout: Path) -> None:
    rows = json.loads((checkout / TABLE).read_text())
    cogs = (NewCog("coins", "Toss a coin: heads, or «Zahl»"), LONGEST)
    written = [path for cog in cogs for path in write_cog(cog, checkout)]
    assert written[:3] == ["cogs/coins.py", "tests/cogs/test_coins.py", TABLE]
    assert json.loads((checkout / TABLE).read_text()) == rows | {
        "/coins": "everyday: toss a coin: heads, or «Zahl»",
        f"/{LONGEST.name}": f"everyday: w{'W' * 59}",
    }
    python = [path for path in written if path.endswith(".py")]
    assert _ruff(checkout, "check", *python) + _ruff(checkout, "format", "--check", *python) == ""


def _ruff(checkout: Path, *words: str) -> str:
    """Return what ruff complains of."""
    done = subprocess.run(
        ["ruff", *words, "--quiet", "--no-cache"],
        cwd=checkout, capture_output=True, text=True, check=False,
        env={"PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"},
    )  # fmt: skip
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "does", "told"),
    [
        ("Coins", "Toss", "lowercase letters"),
        ("coin flips", "Toss", "lowercase letters"),
        ("../coins", "Toss", "lowercase letters"),
        ("_coins", "Toss", "lowercase letters"),
        ("a" * 21, "Toss", "up to 20"),
        ("class", "Toss", "Python"),
        ("coins", "", "in up to 60"),
        ("coins", "W" * 61, "in up to 60"),
        ("coins", "two\nlines", "in up to 60"),
        ("coins", 'say "hi"', "remove"),
        ("coins", "a path\\", "remove"),
        ("dice", "Toss", "cogs/dice.py exists already"),
        ("roll", "Toss", "used by cogs/dice.py"),
        ("remind", "Toss", "used by cogs/reminders.py"),
        ("poll", "Toss", "used by tests/cogs/everyday_commands.json"),
        ("notation_error", "Toss", "NotationError is already used by cogs/dice.py"),
    ],
)
def test_what_will_not_do_is_refused_and_nothing_is_written(
    checkout: Path, name: str, does: str, told: str
) -> None:
    before = _files(checkout)
    with pytest.raises(ConfigError, match=told):
        write_cog(NewCog(name, does), checkout)
    assert _files(checkout) == before


def test_no_command_of_the_bot_and_no_group_can_be_named_again(checkout: Path) -> None:
    shutil.copytree(ROOT / "cogs", checkout / "cogs", dirs_exist_ok=True)
    before = _files(checkout)
    names = {entry[1:].split()[0] for entry in ENTRIES if entry.startswith("/")}
    assert {"help", "ask", "ship", "pause", "health", "poll"} <= names
    for name in sorted(names - {"stop-everything"}):  # no letters of a cog's
        with pytest.raises(ConfigError, match=r"is already used by|exists already"):
            write_cog(NewCog(name, "Toss"), checkout)
    assert _files(checkout) == before


def _files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_outside_a_checkout_it_says_where_to_run_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="in the bot's checkout"):
        write_cog(NewCog("coins", "Toss"), tmp_path)


@pytest.mark.parametrize("table", ["[]", "{", "\xff"])
def test_a_table_that_is_none_is_named(checkout: Path, table: str) -> None:
    (checkout / TABLE).write_bytes(table.encode("latin-1"))
    with pytest.raises(ConfigError, match=f"{TABLE} .*fix it first"):
        write_cog(NewCog("coins", "Toss"), checkout)
    assert not (checkout / "cogs/coins.py").exists()
