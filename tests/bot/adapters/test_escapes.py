"""Ways out of the sandbox, tried in all its places: as a check, the program, its command."""

import asyncio
import os
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from theseus_rehearsal.ports.sandbox import SandboxLimits
from theseus_rehearsal.sandbox import BubblewrapSandbox, probe

from bot.adapters.claude_agent.program._commands import confine
from bot.adapters.claude_agent.program._launch import ParentDeathPipe, ProgramSandbox, write_starter
from bot.adapters.claude_agent.program._program import Claude, ClaudeOptions, Talk
from bot.adapters.sandbox import UnavailableSandbox
from bot.adapters.system_clock import SystemClock
from bot.domain.errors import SandboxUnavailable
from bot.domain.roles import Role
from tests.fakes.fake_model_gateway import ACCOUNT, FakeModelGateway
from tests.support import escape_probe
from tests.support.conversations import find_processes
from tests.support.extras import needs_claude
from tests.support.sandbox_escape import ATTEMPTS, PACKAGES

# A program that confines its own commands needs namespaces for that, and so has what they open.
NESTING = "namespaces of its own"
BARE = {"PATH": "/usr/bin:/bin"}


@pytest.fixture
async def sandbox() -> BubblewrapSandbox:
    reason = await probe()
    if reason:
        pytest.skip(reason)
    return BubblewrapSandbox()


@pytest.fixture
def around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mapping[str, object]]:
    with escape_probe.create_surroundings(tmp_path) as around:
        monkeypatch.setenv("DISCORD_TOKEN", "very-secret")
        yield around
    left = [path for top in (sys.prefix, PACKAGES) for path in Path(top).glob("*pwned*")]
    assert not left, "a write in the sandbox reached the real environment"


async def told(argv: Sequence[str]) -> str:
    """Return what a command line prints that confines by itself."""
    child = await asyncio.create_subprocess_exec(
        *argv, env=BARE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await child.communicate()
    return out.decode()


async def test_no_check_gets_out(sandbox: BubblewrapSandbox, around: Mapping[str, object]) -> None:
    tree = Path(str(around["tree"]))
    done = await sandbox.run(
        escape_probe.build_probe(around), cwd=tree, writable=[tree], env={}, limits=SandboxLimits()
    )
    assert escape_probe.list_succeeded(done.output) == []
    assert len(escape_probe.parse_results(done.output)) == len(ATTEMPTS)


async def test_no_enclosed_program_gets_out(
    sandbox: BubblewrapSandbox, around: Mapping[str, object], tmp_path: Path
) -> None:
    tree, program = Path(str(around["tree"])), tmp_path / "program"
    program.write_text(f"#!/bin/sh\nexec {shlex.join(escape_probe.build_probe(around))}\n")
    program.chmod(0o755)
    async with FakeModelGateway().open_lease(ACCOUNT) as lent:
        own = tmp_path / "own"
        own.mkdir()
        room = ProgramSandbox(sandbox, own, tree, changes=True, lease=lent)
        assert escape_probe.list_succeeded(await told(room.build_command(program))) == [NESTING]


async def test_no_command_of_an_enclosed_program_gets_out_or_sees_the_program(
    sandbox: BubblewrapSandbox, around: Mapping[str, object]
) -> None:
    tree = Path(str(around["tree"]))
    command = confine(sandbox, shlex.join(escape_probe.build_probe(around)), tree, 60)
    assert command is not None
    # The program's own environment is what its command would like best.
    program = ["/bin/sh", "-c", f"TOKEN=very-secret sleep 60 & TOKEN=very-secret {command}"]
    output = await told(sandbox.enclose(program, cwd=tree, writable=[tree]).argv)
    assert escape_probe.list_succeeded(output) == ([NESTING] if os.geteuid() == 0 else [])


@needs_claude
async def test_where_nothing_confines_it_no_program_is_started(tmp_path: Path) -> None:
    missing = UnavailableSandbox("bubblewrap is not installed")
    claude = Claude(ClaudeOptions(tmp_path, missing), SystemClock(), FakeModelGateway())
    talk = Talk("a:1:executor", Role(model="sonnet"), tmp_path, "Hello.", ACCOUNT)
    with pytest.raises(SandboxUnavailable, match="bubblewrap is not installed"):
        async with claude.open_conversation(talk):
            pass
    assert not find_processes(str(tmp_path))


@pytest.mark.slow
async def test_a_program_whose_commands_multiply_is_ended(tmp_path: Path) -> None:
    words = ("/bin/sh", "-c", "for each in $(seq 600); do sleep 60 & done; wait")
    with ParentDeathPipe(tmp_path) as parent_death_pipe:
        started = await asyncio.create_subprocess_exec(
            write_starter(tmp_path, "bomb", words),
            env={**BARE, "THESEUS_LIFELINE": str(parent_death_pipe.path)},
        )
        async with asyncio.timeout(30):
            assert await started.wait() != 0
    assert not find_processes(str(tmp_path))
