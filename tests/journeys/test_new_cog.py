"""A cog in a minute: written by `theseus new cog`, checked as ours are, and used in the demo."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from local_discord.person import Person

from bot.app.demo import build_local_forge
from bot.demo.demo import DemoPlan, start_demo
from tests.support.page_reader import PageReader, get_text
from tests.support.repository_copy import TYPE_CACHE, copy_repository, copy_type_cache

pytestmark = pytest.mark.slow

WRITTEN = ("cogs/coin_flips.py", "tests/cogs/test_coin_flips.py")
CHECKS = (
    ("ruff", "check", *WRITTEN),
    ("ruff", "format", "--check", *WRITTEN),
    ("mypy", *WRITTEN),
    ("pytest", "-q", WRITTEN[1], "tests/test_entry_points.py"),
)


def _run(folder: Path, *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"


async def test_a_new_cog_passes_our_checks_and_answers_in_the_demo(tmp_path: Path) -> None:
    folder = await asyncio.to_thread(copy_repository, tmp_path / "bot")
    copy_type_cache(folder / TYPE_CACHE)
    _run(folder, "bot", "new", "cog", "coin_flips", "--does", "Toss a coin")
    for check in CHECKS:
        await asyncio.to_thread(_run, folder, *check)
    async with (
        start_demo(DemoPlan(folder, tmp_path, None), build_local_forge) as running,
        Person(running.discord.base_url, "alice") as person,
    ):
        await running.wait_until_online()
        assert "`cogs/coin_flips.py`: not committed yet" in await _hint(person)
        told = await person.run("dev", "coin_flips", text="heads or tails")
        shown = await PageReader(person).wait_for_answer("dev", told["message"])
        assert get_text(shown) == "Words: 3"


async def _hint(person: Person) -> str:
    """Return what the page tells a first visitor."""
    return "\n".join((await person.call("GET", "/local/world"))["hint"])
