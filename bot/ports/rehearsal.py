"""The rehearsal port: plays scripts against a Discord of its own, with some commit's code."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from bot.domain.rehearsal import Script, Transcript


class ScriptRunner(Protocol):
    """Code that is ready to be played; scripts do not see what earlier ones did."""

    async def run(self, script: Script, *, keep_files: bool = False) -> Transcript:
        """Play a script from its beginning, in a server and state of its own.

        What the code does wrong is told in the transcript. Several may be played at once. With
        `keep_files` the transcript has what the cogs' files hold in the end, up to a megabyte.
        Raises `RehearsalError` where the machine cannot play at all.
        """
        ...


class Rehearsal(Protocol):
    """Runs the code of a tree in the sandbox; the server and what was seen are outside of it."""

    @property
    def refusal(self) -> str:
        """Return why nothing can be played on this machine; empty where it can."""
        ...

    def open(self, tree: Path) -> AbstractAsyncContextManager[ScriptRunner]:
        """Lend a player of the code that lies in `tree`: a checkout's files, which stay unchanged.

        Entering starts the code under test, and raises `RehearsalError` where nothing can be
        played here, with the reason; leaving or cancelling ends every process.
        """
        ...


async def run_scripts(
    rehearsal: Rehearsal, tree: Path, scripts: Sequence[Script]
) -> tuple[Transcript, ...]:
    """Play scripts one after the other with one player."""
    async with rehearsal.open(tree) as player:
        return tuple([await player.run(script) for script in scripts])


async def run_script(rehearsal: Rehearsal, tree: Path, script: Script) -> Transcript:
    """Play one script."""
    async with rehearsal.open(tree) as player:
        return await player.run(script)
