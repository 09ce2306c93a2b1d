"""Rehearsals with the errors of the bot, and those of targets."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from theseus_rehearsal.errors import RehearsalError as PackageError
from theseus_rehearsal.foreign import BotStart, ForeignRehearsal
from theseus_rehearsal.ports.rehearsal import Rehearsal, ScriptRunner
from theseus_rehearsal.ports.sandbox import Sandbox
from theseus_rehearsal.probe import RunProbe
from theseus_rehearsal.records import Script, Transcript

from bot.domain.errors import RehearsalError
from bot.domain.target import TargetStart


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


def build_target_rehearsal(
    sandbox: Sandbox, start: TargetStart, python: Path, checkout: Path
) -> Rehearsal:
    """Return a rehearsal of a target's bot; its errors are those of `bot.domain.errors`.

    It opens trees of the target's repository. The `checkout` is read for its `.env` alone, from
    which only short values are used that are neither secrets nor ids.
    """
    return BotRehearsal(
        ForeignRehearsal(sandbox, convert_start(start), python=python, work_tree=checkout)
    )


def convert_start(start: TargetStart) -> BotStart:
    """Return a target's start as the rehearsal's own record."""
    kinds = (("file", start.file), ("module", start.module), ("factory", start.factory))
    kind, name = next((kind, name) for kind, name in kinds if name)
    return BotStart(kind, name, start.arguments, start.folder)
