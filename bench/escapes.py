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

from bot.adapters.claude_agent._commands import confined
from bot.adapters.claude_agent._launch import Room
from bot.adapters.sandbox import BubblewrapSandbox, probe
from bot.ports.sandbox import SandboxLimits
from tests.fakes.fake_model_gateway import ACCOUNT, FakeModelGateway
from tests.support import escaping, homes
from tests.support.ways_out import ATTEMPTS

_BARE = {"PATH": "/usr/bin:/bin"}


async def measure() -> Mapping[str, list[str]]:
    """Return what got through, by where it was tried. Raises `RuntimeError` without bubblewrap."""
    if reason := await probe():
        raise RuntimeError(reason)
    sandbox, through = BubblewrapSandbox(), dict[str, list[str]]()
    with tempfile.TemporaryDirectory() as name, escaping.surroundings(Path(name)) as around:
        os.environ["SOMETHING"] = "very-secret"
        tree = Path(str(around["tree"]))
        attempts = escaping.probe(around)
        done = await sandbox.run(
            attempts, cwd=tree, writable=[tree], env={}, limits=SandboxLimits()
        )
        through["check"] = escaping.succeeded(done.output)
        through["program"] = escaping.succeeded(await _of_program(sandbox, attempts, tree))
        command = confined(sandbox, shlex.join(attempts), tree, 60.0)
        around_it = sandbox.enclose(["/bin/sh", "-c", str(command)], cwd=tree, writable=[tree])
        through["command"] = escaping.succeeded(await _told(around_it.argv))
        for stands in homes.WAYS:
            folder = Path(name) / stands.__name__
            seen = await asyncio.to_thread(homes.seen, stands, homes.furnished(folder))
            for place, names in through.items():
                names += [_way(stands)] * (seen[place] != "[]")
    return through


def _way(stands: Callable[[Path], Path]) -> str:
    return f"the home of a Python {stands.__name__.replace('_', ' ')}"


async def _of_program(sandbox: BubblewrapSandbox, attempts: Sequence[str], tree: Path) -> str:
    """Return what the attempts say where the Claude Code program stands otherwise."""
    with tempfile.TemporaryDirectory() as name:
        program = Path(name) / "program"
        await asyncio.to_thread(_script, program, attempts)
        async with FakeModelGateway().lend(ACCOUNT) as lent:
            room = Room(sandbox, program.parent, tree, changes=True, lent=lent)
            return await _told(room.enclosed(program))


def _script(file: Path, words: Sequence[str]) -> None:
    file.write_text(f"#!/bin/sh\nexec {shlex.join(words)}\n", encoding="utf-8")
    file.chmod(0o700)


async def _told(argv: Sequence[str]) -> str:
    child = await asyncio.create_subprocess_exec(*argv, env=_BARE, stdout=asyncio.subprocess.PIPE)
    out, _ = await child.communicate()
    return out.decode()


def table(through: Mapping[str, Sequence[str]]) -> str:
    """Return the table: a class of ways a row, stopped of tried in each place."""
    kinds: dict[str, str] = {attempt.name: attempt.kind for attempt in ATTEMPTS}
    kinds |= {_way(stands): "homes" for stands in homes.WAYS}
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
    sys.stdout.write(table(asyncio.run(measure())))
