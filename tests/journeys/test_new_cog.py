"""A cog in a minute: written by `theseus new cog`, checked as ours are, and used in the demo."""

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.app.demo import local_forge
from bot.demo.demo import DemoPlan, demo
from local_discord.person import Person
from tests.fakes.repositories import commit, git
from tests.support.page_reader import PageReader, text_of
from tests.support.tracked_files import tracked_files

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = ("cogs/coin_flips.py", "tests/cogs/test_coin_flips.py")
CHECKS = (
    ("ruff", "check", *WRITTEN),
    ("ruff", "format", "--check", *WRITTEN),
    ("mypy", *WRITTEN),
    ("pytest", "-q", WRITTEN[1], "tests/test_entry_points.py"),
)


def _checkout(folder: Path) -> Path:
    """Return a copy of this repository with one commit."""
    for path in tracked_files(ROOT, "--cached", "--others", "--exclude-standard"):
        if (ROOT / path).is_file():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, folder / path)
    git(folder, "init", "-q", "-b", "main")
    commit(folder, {}, "Begin")
    if (ROOT / ".mypy_cache").is_dir():  # from nothing it takes a minute
        shutil.copytree(ROOT / ".mypy_cache", folder / ".mypy_cache")
    return folder


def _run(folder: Path, *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"


async def test_a_new_cog_passes_our_checks_and_answers_in_the_demo(tmp_path: Path) -> None:
    folder = await asyncio.to_thread(_checkout, tmp_path / "bot")
    _run(folder, "bot", "new", "cog", "coin_flips", "--does", "Toss a coin")
    for check in CHECKS:
        await asyncio.to_thread(_run, folder, *check)
    async with (
        demo(DemoPlan(folder, tmp_path, None), local_forge) as running,
        Person(running.discord.base_url, "alice") as person,
    ):
        await running.until_online()
        assert "`cogs/coin_flips.py`: not committed yet" in await _hint(person)
        told = await person.run("dev", "coin_flips", text="heads or tails")
        shown = await PageReader(person).thought("dev", told["message"])
        assert text_of(shown) == "Words: 3"


async def _hint(person: Person) -> str:
    """Return what the page tells a first visitor."""
    return "\n".join((await person.call("GET", "/local/world"))["hint"])
