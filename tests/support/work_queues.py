"""Queues of work for tests, and the sandbox that they use."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from theseus_rehearsal.ports.rehearsal import Rehearsal
from theseus_rehearsal.ports.sandbox import Completed, Enclosure, Sandbox, SandboxLimits

from bot.adapters.local_pool import LocalPool
from bot.ports.trees import CommitTrees
from tests.support.local_sandbox import choose_local_sandbox


def make_pool(trees: CommitTrees, rehearsal: Rehearsal) -> LocalPool:
    """Return the queue that a bot has by default."""
    return LocalPool(trees, rehearsal, choose_local_sandbox())


class FlakySandbox:
    """The machine's own sandbox, which first raises `errors`; `runs` counts the commands."""

    def __init__(self) -> None:
        self._inner = choose_local_sandbox()
        self.errors: list[Exception] = []
        self.runs = 0

    @property
    def description(self) -> str:
        return self._inner.description

    @property
    def refusal(self) -> str:
        return self._inner.refusal

    @property
    def inner(self) -> Sandbox:
        return self._inner.inner

    def wrap(
        self, argv: Sequence[str], *, cwd: Path, writable: Sequence[Path], env: Mapping[str, str]
    ) -> tuple[list[str], dict[str, str]]:
        return self._inner.wrap(argv, cwd=cwd, writable=writable, env=env)

    def enclose(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        readable: Sequence[Path] = (),
        writable: Sequence[Path] = (),
    ) -> Enclosure | None:
        return self._inner.enclose(argv, cwd=cwd, readable=readable, writable=writable)

    async def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        writable: Sequence[Path],
        env: Mapping[str, str],
        limits: SandboxLimits,
        readable: Sequence[Path] = (),
    ) -> Completed:
        """Run a command, unless an error is left."""
        self.runs += 1
        if self.errors:
            raise self.errors.pop(0)
        return await self._inner.run(
            argv, cwd=cwd, writable=writable, env=env, limits=limits, readable=readable
        )


def find_marked(mark: str) -> list[int]:
    """Return the processes of this machine that have `mark` as an argument."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if mark.encode() in words:
            found.append(int(entry.name))
    return found


async def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for processes, which report nothing."""
    async with asyncio.timeout(30):
        while not is_so():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.02)
