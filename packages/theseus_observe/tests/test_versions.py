"""Each supported version of discord.py and of Python, in a fresh environment of its own."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from foreign_bot import BOT, run_foreign_bot

VERSIONS = [
    ("2.3.2", "3.10"),
    ("2.4.0", "3.10"),
    ("2.5.2", "3.11"),
    ("2.6.4", "3.12"),
    ("2.7.1", "3.13"),
]
CHOICES = ("command.review find autocomplete", "error")
EXPECTED = {
    ("command.average", "ok"),
    ("command.average", "error"),
    ("command.grade", "ok"),
    ("command.grade", "error"),
    ("command.review add", "ok"),
    ("command.review add", "error"),
    ("command.review silent", "no_response"),
    CHOICES,
    ("component.Stars.stars:five", "ok"),
    ("component.Stars.stars:six", "error"),
    ("component.Letter.letter", "error"),
    ("listener.Reviews.on_message", "error"),
    ("task.Reviews.count", "ok"),
    ("task.Reviews.count", "error"),
    ("task.Reviews.count.stopped", "error"),
    ("task.Reviews.work", "error"),
}


def find_python(version: str) -> str:
    """Return an interpreter that is installed beside this one; else what uv finds or loads."""
    installed = sorted(Path(sys.base_prefix).parent.glob(f"{version}.*/bin/python"))
    return str(installed[-1]) if installed else version


def make_environment(folder: Path, version: str, python: str) -> str:
    """Return the Python of an environment with that discord.py; skip where it cannot be made."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not installed")
    for command in (
        [uv, "venv", "--quiet", "--python", find_python(python), str(folder)],
        [uv, "pip", "install", "--quiet", "--python", str(folder / "bin/python"),
         f"discord.py=={version}", *(["audioop-lts"] if python >= "3.13" else [])],
    ):  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no environment with discord.py {version}: {done.stderr.strip()[-300:]}")
    return str(folder / "bin/python")


@pytest.mark.slow
@pytest.mark.parametrize(("version", "python"), VERSIONS)
async def test_everything_is_recorded_with(version: str, python: str, tmp_path: Path) -> None:
    interpreter = make_environment(tmp_path / "environment", version, python)
    bot = BOT.replace("commands.Bot)", "commands.AutoShardedBot)")
    async with run_foreign_bot(tmp_path / "their-bot", python=interpreter, bot=bot) as running:
        alice = running.alice
        await running.say("?average 6 3", "2.0")
        await running.say("?average 6 0", "Sorry: CommandInvokeError")
        await alice.run("dev", "grade", points=1)
        await alice.run("dev", "grade", points=7)
        await alice.run("dev", "review add", points=1)
        await alice.run("dev", "review add", points=7)
        await alice.run("dev", "review silent")
        find = {"command": "review find", "option": "name", "value": "x"}
        await alice.interact("dev", autocomplete=find)
        await running.say("?show", "plain shown")
        await alice.press("dev", "stars:five")
        await alice.press("dev", "stars:six")
        await alice.run("dev", "review write")
        await alice.submit("dev", "letter", {"body": "x"})
        await running.say("boom", "Listener on_message failed")
        await running.say("?start", "started")
        await alice.wait_for("dev", lambda each: each["content"] == "Loop failed")
        await running.say("?average 9 3", "3.0")
    records = running.read()
    found = {(each["event"], each["outcome"]) for each in records}
    # discord.py 2.3 passes failures of autocompletes to no one, and logs none.
    expected = EXPECTED - ({CHOICES} if version.startswith("2.3.") else set())
    assert found >= expected
    assert "theseus_observe:" not in running.errors
    average = [each for each in records if each["event"] == "command.average"]
    assert {each["shard"] for each in average} == {0}
    (failed,) = [each for each in average if each["outcome"] == "error"]
    frame = failed["error"]["frames"][-1]
    assert (frame["file"], frame["function"]) == ("cogs/reviews.py", "Reviews.average")
