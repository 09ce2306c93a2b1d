"""What every sandbox promises: bounded, clean, and nothing left behind."""

import asyncio
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from theseus_rehearsal.ports.sandbox import Completed, Sandbox, SandboxLimits
from theseus_rehearsal.sandbox import BubblewrapSandbox, PlainSandbox, measure, probe

from bot.adapters.sandbox import UnavailableSandbox
from bot.domain.errors import SandboxUnavailable

Run = Callable[..., asyncio.Future[Completed]]
SHORT = SandboxLimits(seconds=10)


@pytest.fixture(params=["bubblewrap", "plain"])
async def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    if request.param == "plain":
        return PlainSandbox()
    reason = await probe()
    if reason:
        pytest.skip(reason)
    return BubblewrapSandbox()


async def python(
    sandbox: Sandbox,
    code: str,
    folder: Path,
    *,
    limits: SandboxLimits = SHORT,
    env: dict[str, str] | None = None,
) -> Completed:
    return await sandbox.run(
        [sys.executable, "-c", code], cwd=folder, writable=[folder], env=env or {}, limits=limits
    )


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:  # gone
        return False
    return state not in "ZX"


def living_with(word: str) -> list[str]:
    """Return command lines on this machine that hold `word`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid() and alive(int(entry.name)):
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (OSError, UnicodeDecodeError):
                continue
            if word in line:
                found.append(line)
    return found


async def gone(word: str, within: float = 1.0) -> bool:
    end = time.monotonic() + within
    while time.monotonic() < end:
        if not living_with(word):
            return True
        await asyncio.sleep(0.02)
    return False


async def test_output_and_error_come_back_together_with_the_exit_code(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    code = "import sys; print('out', flush=True); print('err', file=sys.stderr); sys.exit(3)"
    done = await python(sandbox, code, tmp_path)
    assert (done.returncode, done.timed_out) == (3, False)
    assert done.output == "out\nerr\n"
    assert 0 < done.seconds < 10


async def test_a_program_that_does_not_exist_is_127_with_the_reason(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    done = await sandbox.run(["no-such-program"], cwd=tmp_path, writable=(), env={}, limits=SHORT)
    assert done.returncode == 127
    assert "no-such-program" in done.output


async def test_a_folder_that_does_not_exist_is_127_with_the_reason(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    done = await sandbox.run(["true"], cwd=tmp_path / "nowhere", writable=(), env={}, limits=SHORT)
    assert done.returncode == 127
    assert "nowhere" in done.output


async def test_the_environment_is_clean_and_the_callers_variables_are_set(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "very-secret")
    code = (
        "import os; print(os.environ.get('DISCORD_TOKEN'), os.environ['ASKED'], os.environ['LANG'])"
    )
    done = await python(sandbox, code, tmp_path, env={"ASKED": "yes"})
    assert done.output == "None yes C.UTF-8\n"


async def test_home_and_temporary_files_are_private_to_the_command(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    code = (
        "import os, pathlib, tempfile; pathlib.Path(os.environ['HOME'], 'note').write_text('x');"
        "print(os.path.exists(tempfile.mkdtemp()), os.listdir(os.environ['HOME']))"
    )
    first, second = [await python(sandbox, code, tmp_path) for _ in range(2)]
    assert first.output.startswith("True")
    assert second.output.count("note") == 1
    assert not (Path.home() / "note").exists()


async def test_programs_beside_the_interpreter_are_found_first(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    done = await sandbox.run(
        ["sh", "-c", "command -v python"], cwd=tmp_path, writable=(), env={}, limits=SHORT
    )
    assert done.output.strip() == str(Path(sys.executable).parent / "python")


async def test_the_writable_folder_can_be_written(sandbox: Sandbox, tmp_path: Path) -> None:
    done = await python(sandbox, "open('made', 'w').write('yes')", tmp_path)
    assert done.returncode == 0, done.output
    assert (tmp_path / "made").read_text(encoding="utf-8") == "yes"


async def test_a_command_that_hangs_is_ended_at_its_time_limit(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    code = "import time; print('begun', flush=True); time.sleep(600)  # hanging-7f31"
    started = time.monotonic()
    done = await python(sandbox, code, tmp_path, limits=SandboxLimits(seconds=1))
    assert time.monotonic() - started < 20
    assert done.timed_out
    assert done.returncode != 0
    assert "begun" in done.output
    assert "not done after 1 s" in done.output
    assert await gone("hanging-7f31")


async def test_cancelling_kills_the_command_and_its_children(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    code = (
        "import subprocess, sys, pathlib\n"
        "sleep = 'import time; time.sleep(600)  # child-2c9e'\n"
        "child = subprocess.Popen([sys.executable, '-c', sleep])\n"
        "pathlib.Path('ready').touch(); child.wait()\n"
    )
    async with asyncio.TaskGroup() as group:
        running = group.create_task(
            python(sandbox, code, tmp_path, limits=SandboxLimits(seconds=60))
        )
        async with asyncio.timeout(10):
            while not (tmp_path / "ready").exists():  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.02)
        running.cancel()
    assert running.cancelled()
    assert await gone("child-2c9e")


async def test_a_daemon_left_behind_ends_with_the_command(sandbox: Sandbox, tmp_path: Path) -> None:
    code = (
        "import os, sys, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        time.sleep(600)  # daemon-51bd\n"
        "    os._exit(0)\n"
        "os.wait()\n"
    )
    started = time.monotonic()
    done = await python(sandbox, code, tmp_path, limits=SandboxLimits(seconds=30))
    assert time.monotonic() - started < 25
    assert done.returncode == 0
    assert await gone("daemon-51bd")


@pytest.mark.slow
async def test_endless_output_is_kept_to_its_tail(sandbox: Sandbox, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "for _ in range(1024): sys.stdout.write('x' * (1024 * 1024))\n"
        "print('the end')\n"
    )
    done = await python(
        sandbox, code, tmp_path, limits=SandboxLimits(seconds=60, output_chars=10_000)
    )
    assert done.returncode == 0
    assert len(done.output) <= 10_000
    assert done.output.endswith("xthe end\n")
    assert done.output.startswith("[the beginning of the output was dropped]")


async def test_forking_forever_is_stopped_and_said(sandbox: Sandbox, tmp_path: Path) -> None:
    # Not as fast as it could: these tests may themselves be run as a check, confined and counted.
    code = "import os, time  # bomb-93aa\nwhile os.fork():\n    time.sleep(0.005)\ntime.sleep(60)\n"
    started = time.monotonic()
    done = await python(sandbox, code, tmp_path, limits=SandboxLimits(seconds=30, processes=40))
    assert time.monotonic() - started < 25
    assert done.returncode != 0
    assert "40 are allowed" in done.output
    assert await gone("bomb-93aa", within=3)


async def test_one_process_cannot_take_more_memory_than_allowed(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    code = "x = bytearray(600 * 1024 * 1024); print('got it')"
    done = await python(sandbox, code, tmp_path, limits=SandboxLimits(seconds=20, memory_mb=256))
    assert done.returncode != 0
    assert "got it" not in done.output


async def test_processes_together_cannot_take_more_memory_than_allowed(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    code = (
        "import os, time\n"
        "for _ in range(4): os.fork()\n"
        "x = bytearray(b'x') * (60 * 1024 * 1024)\n"
        "time.sleep(20)\n"
    )
    done = await python(sandbox, code, tmp_path, limits=SandboxLimits(seconds=20, memory_mb=256))
    assert not done.timed_out
    assert "256 are allowed" in done.output


@pytest.mark.slow
async def test_filling_the_disk_with_many_files_is_stopped_and_said(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    code = (
        "block = b'x' * (1024 * 1024)\n"
        "for number in range(10_000):\n"
        "    with open(f'part-{number}', 'wb') as part:\n"
        "        for _ in range(16): part.write(block)\n"
    )
    done = await python(sandbox, code, tmp_path, limits=SandboxLimits(seconds=60, disk_mb=64))
    assert not done.timed_out
    assert "MB on disk, 64 are allowed" in done.output


@pytest.mark.slow
async def test_filling_the_disk_with_files_that_hold_nothing_is_stopped_and_said(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    code = (
        "import itertools\nfor number in itertools.count():\n    open(f'{number}', 'w').close()\n"
    )
    done = await python(sandbox, code, tmp_path, limits=SandboxLimits(seconds=60, files=500))
    assert not done.timed_out
    assert "files, 500 are allowed" in done.output


@pytest.mark.slow
async def test_what_others_write_meanwhile_is_not_held_against_a_command(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    ours = tmp_path / "ours"
    ours.mkdir()
    code = "import time; open('begun', 'w').close(); time.sleep(0.6); print('done')"
    async with asyncio.TaskGroup() as group:
        running = group.create_task(python(sandbox, code, ours, limits=SandboxLimits(disk_mb=1)))
        while not (ours / "begun").exists():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.02)
        (tmp_path / "other").write_bytes(b"x" * (8 * 1024 * 1024))
    assert running.result().output == "done\n"


async def test_no_process_opens_more_files_than_allowed(sandbox: Sandbox, tmp_path: Path) -> None:
    code = (
        "import os\n"
        "held = []\n"
        "try:\n"
        "    while len(held) < 20_000: held.append(os.dup(0))\n"
        "except OSError: print(len(held) < 5_000)\n"
    )
    assert (await python(sandbox, code, tmp_path)).output == "True\n"


async def test_bytes_that_are_no_text_do_not_break_the_output(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    code = r"import sys; sys.stdout.buffer.write(b'\xff\xfe caf\xc3\xa9')"
    done = await python(sandbox, code, tmp_path)
    assert done.output == "\ufffd\ufffd café"


async def test_arguments_are_passed_as_they_are(sandbox: Sandbox, tmp_path: Path) -> None:
    hostile = ["$(touch pwned)", "a b", "'\"", "; exit 9", "--help", "\u00e9\n"]
    code = "import sys; print(ascii(sys.argv[1:]))"
    done = await sandbox.run(
        [sys.executable, "-c", code, *hostile],
        cwd=tmp_path,
        writable=[tmp_path],
        env={},
        limits=SHORT,
    )
    assert done.output.strip() == ascii(hostile)
    assert not (tmp_path / "pwned").exists()


async def test_a_wrapped_command_can_be_talked_to(sandbox: Sandbox, tmp_path: Path) -> None:
    argv, env = sandbox.wrap(
        [sys.executable, "-c", "print(input()[::-1])"],
        cwd=tmp_path,
        writable=[tmp_path],
        env={"ASKED": "yes"},
    )
    child = await asyncio.create_subprocess_exec(
        *argv,
        cwd=tmp_path,
        env=env,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await child.communicate(b"hello\n")
    assert out == b"olleh\n"


async def test_it_says_in_words_how_commands_are_confined(sandbox: Sandbox) -> None:
    assert "network" in sandbox.description
    assert sandbox.refusal == ""


async def test_what_is_held_back_is_found_by_trying(sandbox: Sandbox) -> None:
    tried = await measure(sandbox)
    assert not tried.failed
    fences = {"network", "files outside", "homes", "other processes", "kernel calls"}
    if isinstance(sandbox, BubblewrapSandbox):
        assert fences | {"environment", "memory", "namespaces"} <= set(tried.held)
        assert "commands of an enclosed program" in tried.held
    else:
        assert fences - {"homes", "kernel calls"} <= set(tried.open)


async def test_a_sandbox_that_is_not_there_says_so_and_runs_nothing(tmp_path: Path) -> None:
    missing = UnavailableSandbox("bubblewrap is not installed")
    assert "sandbox.required: false" in missing.refusal
    with pytest.raises(SandboxUnavailable):
        missing.wrap(["true"], cwd=tmp_path, writable=(), env={})
    with pytest.raises(SandboxUnavailable):
        missing.inner.enclose(["true"], cwd=tmp_path)


async def test_a_program_can_be_enclosed_where_commands_can_be_confined(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    own, tree = tmp_path / "own", tmp_path / "tree"
    for folder in (own, tree):
        folder.mkdir()
    script = f"touch {own}/mine; touch {tree}/not; echo $ASKED"
    room = sandbox.enclose(["/bin/sh", "-c", script], cwd=tree, writable=[own])
    if room is None:
        assert "no sandbox" in sandbox.description
        return
    child = await asyncio.create_subprocess_exec(
        *room.argv, env={"PATH": "/usr/bin:/bin", "ASKED": "yes"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    out, _ = await child.communicate()
    assert (out, room.network) == (b"yes\n", False)
    assert ([path.name for path in own.iterdir()], list(tree.iterdir())) == (["mine"], [])
