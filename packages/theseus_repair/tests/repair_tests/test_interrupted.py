"""After a signal, `theseus repair` reports it and leaves nothing; no command can hang it."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from repair_tests.repositories import PYTEST_OPTIONS
from theseus_repair.child_process import spawn

BY_PYTEST = "{python} -m pytest test_subject.py"
BY_SHELL = "touch {began}; exec {python} wait.py"
WAITS = """import pathlib, subprocess, sys
pathlib.Path({began!r}).touch()
subprocess.run([sys.executable, "-c", "import time; time.sleep(500)", {mark!r}])
"""


def running(mark: str) -> list[str]:
    """Return the processes whose command line or folder has to do with it."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            told = (place / "cmdline").read_bytes().decode(errors="replace")
            told += str((place / "cwd").readlink())
        except OSError:
            continue  # gone meanwhile, or dead
        if mark in told and int(place.name) != os.getpid():
            found.append(told)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "number", "code"),
    [
        (BY_PYTEST, signal.SIGINT, 130),
        (BY_SHELL, signal.SIGTERM, 143),
        (BY_PYTEST, signal.SIGHUP, 129),
    ],
    ids=["Ctrl-C", "SIGTERM", "SIGHUP"],
)
async def test_a_signal_ends_it_in_one_sentence_and_nothing_is_left(
    tmp_path: Path, command: str, number: signal.Signals, code: int
) -> None:
    repo, folders, began = tmp_path / "repo", tmp_path / "folders", tmp_path / "began"
    repo.mkdir()
    folders.mkdir()
    waits = WAITS.format(began=str(began), mark=str(tmp_path))
    indented = "".join(f"    {line}\n" for line in waits.splitlines())
    (repo / "wait.py").write_text(waits)
    (repo / "test_subject.py").write_text(f"def test_it():\n{indented}    assert False\n")
    (repo / "pyproject.toml").write_text(PYTEST_OPTIONS)
    test = command.format(python=sys.executable, began=began)
    before = signal.signal(number, signal.SIG_DFL)  # under nohup, say, it would stay ignored
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "theseus_repair", "--repo", str(repo), "--test", test,
        env={**os.environ, "TMPDIR": str(folders)},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    signal.signal(number, before)
    async with asyncio.timeout(60):
        while not began.exists():  # noqa: ASYNC110 - another process is polled
            await asyncio.sleep(0.01)
        child.send_signal(number)
        _, said = await child.communicate()

    assert child.returncode == code, said
    assert said.decode().splitlines()[-1] == (
        "theseus-repair: Interrupted while running the tests as they are. No file was changed."
    )
    assert list(folders.iterdir()) == []
    assert running(str(tmp_path)) == []


async def test_a_process_that_is_left_behind_and_holds_the_output_keeps_nobody_waiting(
    tmp_path: Path,
) -> None:
    command = "echo said; sleep 300 & setsid sleep 301 & echo $! > escaped; exit 3"
    async with asyncio.timeout(30):
        code, output = await spawn(["sh", "-c", command], tmp_path, 200.0)

    os.kill(int((tmp_path / "escaped").read_text()), signal.SIGKILL)
    assert (code, output) == (3, "said\n")


async def test_of_a_long_output_the_end_is_kept(tmp_path: Path) -> None:
    command = "head -c 3000000 /dev/zero | tr '\\0' x; echo end"
    code, output = await spawn(["sh", "-c", command], tmp_path, 60.0, keep=100)

    assert (code, len(output), output[-5:]) == (0, 100, "xend\n")
