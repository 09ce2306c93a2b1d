"""The work queue port: replays and checks of commits, on this machine or on others."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from theseus_rehearsal.records import Script, Transcript
from theseus_repair.model import Judgement
from theseus_repair.search_slices import SearchSlice

from bot.domain.queued_work import CheckCommand, CommandOutcome, Verdict, find_end


class CommitWork(Protocol):
    """Does work with the files of one commit. Calls may run in parallel.

    Cancelling a call kills the process group of the work. Work that fails with a retryable error,
    or whose worker ends or falls silent, is repeated if that is safe: replays always, commands if
    they are repeatable. Otherwise it ends with the error, or with `WorkLost`. Both methods raise
    `WorkUnavailable` if no worker takes the work.
    """

    async def replay(self, script: Script) -> Transcript:
        """Run a script from its beginning with the commit's code.

        The transcript has the fields that are stored, so it has no contents of files and no
        executed lines. Raises `RehearsalError` if nothing can be replayed.
        """
        ...

    async def check(self, command: CheckCommand, verdict: Verdict = find_end) -> CommandOutcome:
        """Run a command in the sandbox, in a copy of the commit's files that it may change.

        A failing command is a result. Its output and files are text of the tested code. Where
        several workers run it, they must agree in the `verdict`; nothing else in the outcome may
        decide.
        """
        ...

    async def search(self, part: SearchSlice) -> Sequence[Judgement]:
        """Judge candidates of a search for a fix, each with its texts over the commit's files.

        One worker says what it finds: the caller has to judge again what decides.
        """
        ...


class WorkQueue(Protocol):
    """Gives work to whoever has time for it. It decides nothing, and a caller owns the result."""

    def open(self, commit: str) -> AbstractAsyncContextManager[CommitWork]:
        """Open work with the files of a commit, given by its full id.

        Raises `WorkspaceError` if the commit is unknown. Leaving ends what was opened for it.
        """
        ...

    def open_files(self, tree: Path) -> AbstractAsyncContextManager[CommitWork]:
        """Open work with the files that a folder has now, which need not be in any commit.

        Raises `WorkspaceError` if they cannot be read. The folder must not change meanwhile.
        """
        ...
