"""Rehearsals with the errors of the bot."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from theseus_rehearsal.errors import RehearsalError as PackageError
from theseus_rehearsal.ports.rehearsal import Rehearsal, ScriptRunner
from theseus_rehearsal.probe import RunProbe
from theseus_rehearsal.records import Script, Transcript

from bot.domain.errors import RehearsalError


class BotRehearsal:
    """Implements `theseus_rehearsal.ports.rehearsal.Rehearsal` with another rehearsal.

    Its errors are those of `bot.domain.errors`.
    """

    def __init__(self, inner: Rehearsal) -> None:
        self._inner = inner

    @property
    def refusal(self) -> str:
        """The reason why scripts cannot be run on this machine; empty if they can."""
        return self._inner.refusal

    @asynccontextmanager
    async def open(self, tree: Path) -> AsyncIterator[ScriptRunner]:
        """Open a runner of the code in `tree`. Raises `RehearsalError`."""
        with convert_errors():
            async with self._inner.open(tree) as runner:
                yield _BotScriptRunner(runner)


class _BotScriptRunner:
    def __init__(self, inner: ScriptRunner) -> None:
        self._inner = inner

    async def run(
        self, script: Script, *, keep_files: bool = False, probe: RunProbe | None = None
    ) -> Transcript:
        with convert_errors():
            return await self._inner.run(script, keep_files=keep_files, probe=probe)


@contextmanager
def convert_errors() -> Iterator[None]:
    """Raise the errors of `theseus_rehearsal` as the bot's `RehearsalError`."""
    try:
        yield
    except PackageError as error:
        raise RehearsalError(str(error)) from error
