"""A forge whose calls are journalled: `forge.merge`, how it ended, how long it took, its run."""

import re
from collections.abc import Awaitable, Hashable
from typing import TypeVar

from bot.domain.change import MergeResult
from bot.domain.errors import ForgeError
from bot.domain.issue import ForgeDiscussion, ForgeIssue
from bot.domain.journal import Kind
from bot.domain.proposal import Comment, ForgeProposal, ProposalDraft
from bot.ports.forge import Forge
from bot.telemetry.current_run import get_current_run
from bot.telemetry.recorder import Recorder, Timed

_RUN = re.compile(r"theseus/(?P<run>[0-9a-z]+)-")
_MOST_SEEN = 1_000
T = TypeVar("T")


class JournalledForge:
    """Implements `Forge`: wraps another forge and records its calls.

    A query with the same answer as before is not recorded again, because waiting proposals are
    queried every few seconds, for weeks.
    """

    def __init__(self, forge: Forge, recorder: Recorder) -> None:
        self._forge = forge
        self._recorder = recorder
        self._runs: dict[int, str] = {}
        self._seen: dict[tuple[str, Hashable], object] = {}

    async def open_proposal(self, draft: ProposalDraft) -> ForgeProposal:
        """Open or update it."""
        call = self._forge.open_proposal(draft)
        return await self._record_call("open_proposal", call, run_id=draft.run_id)

    async def merge(
        self, number: int, expected_head: str, result: MergeResult | None = None
    ) -> ForgeProposal:
        """Merge it."""
        call = self._forge.merge(number, expected_head, result)
        return await self._record_call("merge", call, number)

    async def close(self, number: int, reason: str) -> ForgeProposal:
        """Close it."""
        return await self._record_call("close", self._forge.close(number, reason), number)

    async def publish(self, number: int) -> ForgeProposal:
        """Take it out of draft."""
        return await self._record_call("publish", self._forge.publish(number), number)

    async def get_proposal(self, number: int) -> ForgeProposal:
        """Look at it."""
        return await self._record_read("proposal", number, self._forge.get_proposal(number), number)

    async def find(self, run_id: str) -> ForgeProposal | None:
        """Look for it."""
        return await self._record_read("find", run_id, self._forge.find(run_id), run_id=run_id)

    async def list_comments(self, number: int) -> tuple[Comment, ...]:
        """Look at what was written on it."""
        return await self._record_read(
            "comments", number, self._forge.list_comments(number), number
        )

    async def list_issues(self, label: str) -> tuple[ForgeIssue, ...]:
        """Look what is asked for there."""
        return await self._record_read("issues", label, self._forge.list_issues(label))

    async def list_discussions(self, limit: int) -> tuple[ForgeDiscussion, ...]:
        """Look what was discussed there."""
        return await self._record_read("discussions", limit, self._forge.list_discussions(limit))

    async def answer_issue(self, number: int, text: str, key: str) -> None:
        """Say what became of one."""
        await self._record_call("answer_issue", self._forge.answer_issue(number, text, key))

    async def check_connection(self) -> str:
        """Look whether it is there."""
        return await self._record_read("ready", "", self._forge.check_connection())

    async def _record_call(
        self, name: str, call: Awaitable[T], number: int = 0, *, run_id: str | None = None
    ) -> T:
        with self._recorder.measure(Kind.FORGE, name) as timed:
            return await self._await_answer(call, number, run_id, timed)

    async def _record_read(
        self,
        name: str,
        what: Hashable,
        call: Awaitable[T],
        number: int = 0,
        *,
        run_id: str | None = None,
    ) -> T:
        with self._recorder.measure(Kind.FORGE, name) as timed:
            try:
                answer = await self._await_answer(call, number, run_id, timed)
            except ForgeError as error:
                timed.wanted = self._is_new((name, what), str(error))
                raise
            timed.wanted = self._is_new((name, what), answer)
            return answer

    def _is_new(self, asked: tuple[str, Hashable], answer: object) -> bool:
        """Return whether the answer differs from the last one to this query."""
        if self._seen.get(asked, self) == answer:
            return False
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen[asked] = answer
        return True

    async def _await_answer(
        self, call: Awaitable[T], number: int, run_id: str | None, timed: Timed
    ) -> T:
        timed.note(run_id=run_id or self._runs.get(number) or get_current_run())
        answer = await call
        if isinstance(answer, ForgeProposal):
            found = _RUN.match(answer.branch)
            if found:
                self._runs[answer.number] = found["run"]
                timed.note(run_id=run_id or found["run"])
        return answer
