"""Ways out of the sandbox, tried on this machine: `python -m bench.escapes` prints a table.

Each way is tried as a check, by an enclosed program, and by a command of such a program.
"""

import asyncio
import os
import shlex
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from theseus_rehearsal.ports.sandbox import SandboxLimits
from theseus_rehearsal.sandbox import BubblewrapSandbox, probe

from bot.adapters.claude_agent.program._commands import confine
from bot.adapters.claude_agent.program._launch import ProgramSandbox
from tests.fakes.fake_model_gateway import ACCOUNT, FakeModelGateway
from tests.support import escape_probe, homes
from tests.support.sandbox_escape import ATTEMPTS

_BARE = {"PATH": "/usr/bin:/bin"}


async def measure() -> Mapping[str, list[str]]:
    """Return what got through, by where it was tried. Raises `RuntimeError` without bubblewrap."""
    if reason := await probe():
        raise RuntimeError(reason)
    sandbox, through = BubblewrapSandbox(), dict[str, list[str]]()
    with (
        tempfile.TemporaryDirectory() as name,
        escape_probe.create_surroundings(Path(name)) as around,
    ):
        os.environ["SOMETHING"] = "very-secret"
        tree = Path(str(around["tree"]))
        attempts = escape_probe.build_probe(around)
        done = await sandbox.run(
            attempts, cwd=tree, writable=[tree], env={}, limits=SandboxLimits()
        )
        through["check"] = escape_probe.list_succeeded(done.output)
        through["program"] = escape_probe.list_succeeded(
            await _run_in_program(sandbox, attempts, tree)
        )
        command = confine(sandbox, shlex.join(attempts), tree, 60.0)
        around_it = sandbox.enclose(["/bin/sh", "-c", str(command)], cwd=tree, writable=[tree])
        through["command"] = escape_probe.list_succeeded(await _read_output(around_it.argv))
        for stands in homes.LAYOUTS:
            folder = Path(name) / stands.__name__
            seen = await asyncio.to_thread(homes.probe_home, stands, homes.make_home(folder))
            for place, names in through.items():
                names += [_describe_attempt(stands)] * (seen[place] != "[]")
    return through


def _describe_attempt(place: Callable[[Path], Path]) -> str:
    return f"the home of a Python {place.__name__.replace('_', ' ')}"


async def _run_in_program(sandbox: BubblewrapSandbox, attempts: Sequence[str], tree: Path) -> str:
    """Return the results of the attempts in the confinement of the Claude Code program."""
    with tempfile.TemporaryDirectory() as name:
        program = Path(name) / "program"
        await asyncio.to_thread(_write_script, program, attempts)
        async with FakeModelGateway().open_lease(ACCOUNT) as lent:
            room = ProgramSandbox(sandbox, program.parent, tree, changes=True, lease=lent)
            return await _read_output(room.build_command(program))


def _write_script(file: Path, lines: Sequence[str]) -> None:
    file.write_text(f"#!/bin/sh\nexec {shlex.join(lines)}\n", encoding="utf-8")
    file.chmod(0o700)


async def _read_output(argv: Sequence[str]) -> str:
    child = await asyncio.create_subprocess_exec(*argv, env=_BARE, stdout=asyncio.subprocess.PIPE)
    out, _ = await child.communicate()
    return out.decode()


def render_table(through: Mapping[str, Sequence[str]]) -> str:
    """Return the table: a class of ways a row, stopped of tried in each place."""
    kinds: dict[str, str] = {attempt.name: attempt.kind for attempt in ATTEMPTS}
    kinds |= {_describe_attempt(stands): "homes" for stands in homes.LAYOUTS}
    tried = Counter(kinds.values())
    lines = [f"| ways out: | tried | {' | '.join(through)} |", "|---|---|" + "---|" * len(through)]
    for kind, many in tried.items():
        stopped = [
            str(many - sum(kinds[name] == kind for name in names)) for names in through.values()
        ]
        lines.append(f"| {kind} | {many} | {' | '.join(stopped)} |")
    open_ = {name for names in through.values() for name in names}
    return "\n".join([*lines, f"got through: {', '.join(sorted(open_)) or 'nothing'}", ""])


if __name__ == "__main__":
    sys.stdout.write(render_table(asyncio.run(measure())))
