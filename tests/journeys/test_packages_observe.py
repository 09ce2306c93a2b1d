"""`theseus-observe` builds as a wheel of its own and works where nothing else is installed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import asyncio
import discord
from discord.ext import commands

async def main():
    bot = commands.Bot("?", intents=discord.Intents.none())
    await bot.load_extension("theseus_observe")
    try:
        6 / 0
    except ZeroDivisionError:
        await bot.on_error("message")
    await bot.unload_extension("theseus_observe")

asyncio.run(main())
"""


def call(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_theseus_observe_works_alone(tmp_path: Path) -> None:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not installed")
    built = call(
        uv, "build", "--quiet", "--wheel", "--package", "theseus-observe", "--out-dir",
        str(tmp_path / "dist"), cwd=ROOT,
    )  # fmt: skip
    if built.returncode:
        pytest.skip(f"packages cannot be downloaded: {built.stderr.strip()[-300:]}")
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    python = str(tmp_path / "environment/bin/python")
    call(uv, "venv", "--quiet", "--python", sys.executable, "environment", cwd=tmp_path)
    installed = call(uv, "pip", "install", "--quiet", "--python", python, str(wheel), cwd=tmp_path)
    if installed.returncode:
        pytest.skip(f"packages cannot be downloaded: {installed.stderr.strip()[-300:]}")
    (tmp_path / "bot.py").write_text(PROGRAM)
    done = call(python, "bot.py", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("theseus_observe:")) == (0, 0)
    (file,) = (tmp_path / "theseus-journal").glob("*.ndjson")
    (record,) = [json.loads(line) for line in file.read_text().splitlines()]
    assert (record["event"], record["error"]["exception"]) == ("listener.main", "ZeroDivisionError")
