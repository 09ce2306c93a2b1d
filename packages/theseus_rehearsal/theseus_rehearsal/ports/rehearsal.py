"""The rehearsal port: runs scripts with some commit's code against a separate local Discord."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from theseus_rehearsal.probe import RunProbe
from theseus_rehearsal.records import Script, Transcript


class ScriptRunner(Protocol):
    """Code that is ready to run scripts. Each script starts from a fresh state."""

    async def run(
        self, script: Script, *, keep_files: bool = False, probe: RunProbe | None = None
    ) -> Transcript:
        """Run a script from its beginning, in a separate server and state.

        Failures of the code are part of the transcript. Several scripts may run in parallel. With
        `keep_files` the transcript contains the cogs' files at the end, up to a megabyte. A `probe`
        is filled with what the steps cost and which lines ran, as far as the runner can tell.
        Raises `RehearsalError` if this machine cannot run scripts at all.
        """
        ...


class Rehearsal(Protocol):
    """Runs the code of a tree in the sandbox; the server and the transcript are outside of it."""

    @property
    def refusal(self) -> str:
        """The reason why nothing can run on this machine; empty if scripts can run."""
        ...

    def open(self, tree: Path) -> AbstractAsyncContextManager[ScriptRunner]:
        """Open a runner of the code in `tree`: a checkout's files, which stay unchanged.

        Entering starts the code under test, and raises `RehearsalError` with the reason if nothing
        can run on this machine. Leaving or cancelling ends every process.
        """
        ...


async def run_scripts(
    rehearsal: Rehearsal, tree: Path, scripts: Sequence[Script]
) -> tuple[Transcript, ...]:
    """Run scripts one after the other with one runner."""
    async with rehearsal.open(tree) as runner:
        return tuple([await runner.run(script) for script in scripts])


async def run_script(rehearsal: Rehearsal, tree: Path, script: Script) -> Transcript:
    """Run one script."""
    async with rehearsal.open(tree) as runner:
        return await runner.run(script)
