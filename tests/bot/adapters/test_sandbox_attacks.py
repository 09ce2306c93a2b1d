"""Attacks by a branch on the machine that proves it: each is contained, and reported."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from theseus_rehearsal.ports.sandbox import Completed, SandboxLimits
from theseus_rehearsal.sandbox import BubblewrapSandbox, PlainSandbox, probe

from bot.adapters.git_workspace import GitWorkspaces
from bot.adapters.sandbox import UnavailableSandbox, choose_sandbox
from bot.adapters.sandboxed_verifier import SandboxedVerifier
from bot.domain.change import CheckResult
from bot.domain.errors import SandboxUnavailable
from bot.ports.workspace import Workspace
from tests.fakes.faulty_project import CONFIG, FIXED, make_faulty_project
from tests.fakes.repositories import write

ONLY_TESTS = "".join(line for line in CONFIG.splitlines(True) if "lint" not in line)


@pytest.fixture
async def sandbox() -> BubblewrapSandbox:
    reason = await probe()
    if reason:
        pytest.skip(reason)
    return BubblewrapSandbox()


@pytest.fixture
async def workspace(tmp_path: Path) -> AsyncIterator[Workspace]:
    base = make_faulty_project(tmp_path / "checkout", **{"data__config.yaml": ONLY_TESTS})
    (tmp_path / "checkout" / ".env").write_text("DISCORD_TOKEN=very-secret\n")
    async with GitWorkspaces(tmp_path / "checkout", tmp_path / "trees").open("r1", base=base) as it:
        write(it.path, {"dice.py": FIXED})
        yield it


async def proved(
    sandbox: BubblewrapSandbox, workspace: Workspace, tmp_path: Path, **files: str
) -> CheckResult:
    """Return the tests' result on a branch with these files (`__` for a slash)."""
    write(workspace.path, {name.replace("__", "/") + ".py": text for name, text in files.items()})
    told: list[CheckResult] = []

    async def listen(result: CheckResult) -> None:
        told.append(result)

    verifier = SandboxedVerifier(sandbox, tmp_path / "cache")
    await verifier.run_checks("quick", workspace, ["dice.py"], listen)
    return told[-1]


async def inside(sandbox: BubblewrapSandbox, folder: Path, code: str, **limits: float) -> Completed:
    return await sandbox.run(
        [sys.executable, "-c", code],
        cwd=folder,
        writable=[folder],
        env={},
        limits=SandboxLimits.model_validate({"seconds": 20, **limits}),
    )


SPY = """
import os, pathlib
def look(path):
    try:
        return pathlib.Path(path).read_text(errors="replace")
    except OSError as error:
        return type(error).__name__
raise SystemExit("|".join([
    os.environ.get("DISCORD_TOKEN", "no token"),
    look({env!r}), look("/proc/1/environ"), look("/etc/shadow"), str(os.path.exists({state!r})),
]))
"""


async def test_a_conftest_finds_no_secret_in_environment_files_or_other_processes(
    sandbox: BubblewrapSandbox,
    workspace: Workspace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "very-secret")
    (tmp_path / "state").mkdir()
    spy = SPY.format(env=str(tmp_path / "checkout" / ".env"), state=str(tmp_path / "state"))
    result = await proved(sandbox, workspace, tmp_path, tests__conftest=spy)
    assert result.status == "failed"
    assert "very-secret" not in result.output
    assert "no token|FileNotFoundError|" in result.output
    assert "|FileNotFoundError|False" in result.output


async def test_what_a_test_imports_cannot_write_outside(
    sandbox: BubblewrapSandbox, workspace: Workspace, tmp_path: Path
) -> None:
    outside = tmp_path / "checkout" / "dice.py"
    before = outside.read_text()
    places = [str(outside), str(tmp_path / "new"), "/usr/bin/pwned", "/etc/pwned", "/pwned"]
    code = (
        "import pathlib\ntold = []\n"
        f"for place in {places!r}:\n"
        "    try:\n        pathlib.Path(place).write_text('pwned')\n"
        "    except OSError as error:\n        told.append(f'refused {type(error).__name__}')\n"
        "    else:\n        told.append(f'WROTE {place}')\n"
        "raise SystemExit('|'.join(told))\n"
    )
    result = await proved(
        sandbox, workspace, tmp_path, startup=code, tests__conftest="import startup\n"
    )
    assert outside.read_text() == before
    assert not (tmp_path / "new").exists()
    assert [place for place in places[2:] if Path(place).exists()] == []  # noqa: ASYNC240
    # What it wrote under /tmp went into its own, private one.
    assert result.output.count("WROTE") == result.output.count(f"WROTE {tmp_path / 'new'}")
    assert result.output.count("refused") >= 4


async def test_the_network_is_not_there_and_the_hosts_loopback_neither(
    sandbox: BubblewrapSandbox, tmp_path: Path
) -> None:
    called = asyncio.Event()
    server = await asyncio.start_server(lambda *_: called.set(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    code = (
        "import socket\n"
        f"for address in [('127.0.0.1', {port}), ('1.1.1.1', 80), ('8.8.8.8', 53)]:\n"
        "    try:\n        socket.create_connection(address, timeout=2)\n"
        "    except OSError as error:\n        print('refused', type(error).__name__)\n"
    )
    async with server:
        done = await inside(sandbox, tmp_path, code)
    assert done.output.count("refused") == 3
    assert not called.is_set()


async def test_where_the_network_is_allowed_only_the_network_is(
    sandbox: BubblewrapSandbox, tmp_path: Path
) -> None:
    called = asyncio.Event()

    async def hear(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        await writer.wait_closed()
        called.set()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    code = (
        "import pathlib, socket\n"
        f"socket.create_connection(('127.0.0.1', {port}), timeout=2).close()\n"
        "print(pathlib.Path('/etc/shadow').exists(), pathlib.Path('/run').exists())\n"
    )
    async with server:
        done = await inside(BubblewrapSandbox(network=True), tmp_path, code)
        await asyncio.wait_for(called.wait(), 5)
    assert done.output.strip() == "False False"


async def test_loopback_inside_works(sandbox: BubblewrapSandbox, tmp_path: Path) -> None:
    code = (
        "import socket\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(server.getsockname(), timeout=2)\n"
        "print('connected')\n"
    )
    assert (await inside(sandbox, tmp_path, code)).output == "connected\n"


async def test_a_daemon_left_behind_by_a_test_is_gone(
    sandbox: BubblewrapSandbox, workspace: Workspace, tmp_path: Path
) -> None:
    code = (
        "import os, subprocess, sys\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    sleep = 'import time; time.sleep(600)  # ghost-77ab'\n"
        "    subprocess.Popen([sys.executable, '-c', sleep])\n"
        "    os._exit(0)\n"
    )
    result = await proved(sandbox, workspace, tmp_path, tests__conftest=code)
    assert result.status == "passed"
    async with asyncio.timeout(20):
        while any(b"ghost-77ab" in line for line in command_lines()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def command_lines() -> list[bytes]:
    lines = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                lines.append((entry / "cmdline").read_bytes())
            except OSError:
                continue
    return lines


async def test_forking_forever_in_a_test_is_reported(
    sandbox: BubblewrapSandbox, workspace: Workspace, tmp_path: Path
) -> None:
    code = "import os, time\nwhile True:\n    os.fork() or time.sleep(60)\n"
    result = await proved(sandbox, workspace, tmp_path, tests__conftest=code)
    assert result.status == "failed"
    assert "processes, 512 are allowed" in result.output


async def test_printing_a_gigabyte_keeps_the_tail_only(
    sandbox: BubblewrapSandbox, workspace: Workspace, tmp_path: Path
) -> None:
    code = (
        "import os\n"
        "line = b'x' * (1024 * 1024)\n"
        "for _ in range(1024):\n    os.write(2, line)\n"
        "os._exit(1)\n"
    )
    result = await proved(sandbox, workspace, tmp_path, tests__conftest=code)
    assert result.status == "failed"
    assert len(result.output) <= 200_000


async def test_git_of_the_worktree_cannot_be_pointed_elsewhere(
    sandbox: BubblewrapSandbox, workspace: Workspace
) -> None:
    before = (workspace.path / ".git").read_text()
    code = (
        "import os, pathlib\n"
        "for act in (lambda: pathlib.Path('.git').write_text('gitdir: /tmp/evil'),\n"
        "            lambda: os.unlink('.git'), lambda: os.rename('.git', 'x'),\n"
        "            lambda: os.replace('dice.py', '.git')):\n"
        "    try:\n        act()\n    except OSError:\n        print('refused')\n"
    )
    done = await inside(sandbox, workspace.path, code)
    assert done.output.count("refused") == 4
    assert (workspace.path / ".git").read_text() == before


async def test_privileges_cannot_be_won_back(sandbox: BubblewrapSandbox, tmp_path: Path) -> None:
    code = (
        "import subprocess\n"
        "print(subprocess.run(['mount', '-o', 'remount,rw', '/usr']).returncode != 0)\n"
        "print('NoNewPrivs:\\t1' in open('/proc/self/status').read())\n"
        "print('CapEff:\\t0000000000000000' in open('/proc/self/status').read())\n"
    )
    done = await inside(sandbox, tmp_path, code)
    assert done.output.splitlines()[-3:] == ["True", "True", "True"]


async def test_a_huge_file_is_cut_short(sandbox: BubblewrapSandbox, tmp_path: Path) -> None:
    code = "f = open('big', 'wb'); f.truncate(3 * 1024 ** 3)"
    done = await inside(sandbox, tmp_path, code)
    assert done.returncode != 0
    assert (tmp_path / "big").stat().st_size <= 1024**3


async def test_memory_that_belongs_to_no_process_is_bounded_too(
    sandbox: BubblewrapSandbox, tmp_path: Path
) -> None:
    code = (
        "import os\n"
        "for place in ('/dev/shm', '/dev', '/tmp', '/', '/run', os.environ['HOME']):\n"
        "    try: disk = os.statvfs(place)\n"
        "    except OSError: continue\n"
        "    writable = not disk.f_flag & os.ST_RDONLY\n"
        "    print(place, writable and disk.f_blocks * disk.f_frsize // 2**20 > 1024)\n"
    )
    done = await inside(sandbox, tmp_path, code)
    assert "True" not in done.output
    assert done.output.count("False") >= 4


@pytest.mark.skipif(os.geteuid() == 0, reason="the kernel does not count root's processes")
async def test_the_kernel_itself_stops_processes_that_outgrow_a_look(
    sandbox: BubblewrapSandbox, tmp_path: Path
) -> None:
    code = (
        "import os, time\n"
        "made = 0\n"
        "try:\n"
        "    while made < 400:\n"
        "        if os.fork() == 0: time.sleep(5); os._exit(0)\n"
        "        made += 1\n"
        "except OSError: print('stopped', made)\n"
        "os.kill(0, 9)\n"
    )
    done = await inside(sandbox, tmp_path, code, processes=20)
    assert "stopped" in done.output or "20 are allowed" in done.output


async def test_the_sandbox_is_chosen_as_configured(tmp_path: Path) -> None:
    missing = str(tmp_path / "no-bwrap")
    assert isinstance(await choose_sandbox("none", required=True), PlainSandbox)
    assert isinstance(await choose_sandbox("auto", required=False, program=missing), PlainSandbox)
    for refusing in (
        await choose_sandbox("auto", required=True, program=missing),
        await choose_sandbox("bubblewrap", required=False, program=missing),
    ):
        assert isinstance(refusing, UnavailableSandbox)
        with pytest.raises(SandboxUnavailable, match=r"sandbox.required: false"):
            await refusing.run(["true"], cwd=tmp_path, writable=(), env={}, limits=SandboxLimits())


async def test_a_bubblewrap_that_does_not_work_is_said(tmp_path: Path) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: no permissions to create a new namespace'\nexit 1\n")
    broken.chmod(0o755)
    assert "no permissions" in str(await probe(str(broken)))
    assert "not installed" in str(await probe(str(tmp_path / "nothing")))
