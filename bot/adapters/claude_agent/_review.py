"""The reviewer: reads a diff that passed the checks against the plan, in its own conversation."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing, suppress
from types import TracebackType
from typing import Self

from bot.adapters.claude_agent._forms import ReviewForm
from bot.adapters.claude_agent._output import Objection, read
from bot.adapters.claude_agent._progress_watch import RepetitionLimits, StuckWatch
from bot.adapters.claude_agent.program._conversation import ProgramConversation
from bot.adapters.claude_agent.program._program import Claude, Talk
from bot.adapters.claude_agent.program._turn import CostSum, PromptTurn
from bot.adapters.claude_agent.prompting._plain_text import flatten
from bot.domain.errors import AgentError, BudgetSpent
from bot.ports.agent import Progress

MAX_SENT_BACK = 2  # then the change goes to people with the reviewer's objections
_MAX_REVIEW_CHARS = 1_200
_PROBLEM = 300


class Reviewer:
    """The reviewer of one call; without a `talk` nothing is reviewed.

    A failure of the reviewer does not fail the run; it is reported in `summary`.
    """

    def __init__(self, claude: Claude, talk: Talk | None, tally: CostSum) -> None:
        self._claude = claude
        self._talk = talk
        self._tally = tally
        self._stack = AsyncExitStack()
        self._opening: asyncio.Task[ProgramConversation] | None = None
        self._review: ReviewForm | None = None
        self._problem = ""
        self._objected = 0

    async def __aenter__(self) -> Self:
        """Return the reviewer itself; no program is started yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End its program, even while it is starting."""
        if self._opening is not None:
            self._opening.cancel()
            with suppress(asyncio.CancelledError, AgentError):
                await self._opening
        await self._stack.aclose()

    @property
    def is_active(self) -> bool:
        """True if there is a reviewer that can read."""
        return self._talk is not None and not self._problem

    @property
    def has_begun(self) -> bool:
        """True if it has read a diff or failed."""
        return self._review is not None or bool(self._problem)

    @property
    def open_review(self) -> ReviewForm | None:
        """The review that the executor must answer, or `None` if the change may go on."""
        review = self._review
        if self._problem or review is None or review.approve or self._objected > MAX_SENT_BACK:
            return None
        return review

    @property
    def has_approved(self) -> bool | None:
        """True if its latest verdict was an approval; `None` if it read nothing or failed."""
        return None if self._problem or self._review is None else self._review.approve

    @property
    def summary(self) -> str:
        """The review as text for people."""
        if self._problem:
            return f"could not be reviewed: {self._problem}"
        if self._review is None:
            return ""
        if self._review.approve:
            rounds = _format_times(self._objected)
            return f"approved{rounds}: {flatten(self._review.summary, _MAX_REVIEW_CHARS)}"
        problems = "; ".join(
            f"{problem.file}: {flatten(problem.what, _PROBLEM)}"
            for problem in self._review.problems
        )
        rounds = _format_times(self._objected - 1)  # no executor answers the last review any more
        return flatten(
            f"not approved{rounds}: {self._review.summary} {problems}", _MAX_REVIEW_CHARS
        )

    def warm_up(self) -> None:
        """Start its program early, so that it is ready when there is a diff to read."""
        if self._opening is None and self._talk is not None:
            self._opening = asyncio.create_task(self._open(self._talk), name=self._talk.name)

    async def read(self, prompt: str) -> AsyncGenerator[Progress, None]:
        """Yield its progress on `prompt`; afterwards the review or the failure is stored."""
        self.warm_up()
        if self._problem or self._opening is None or self._talk is None:
            return
        root = self._talk.cwd
        watch = StuckWatch(root, RepetitionLimits(turns=None))
        try:
            turn = PromptTurn(await self._opening, self._tally, root, watch.see)
            async with aclosing(turn.say(prompt)) as updates:
                async for update in updates:
                    text = f"reviewer {update.text}" if update.text else ""
                    yield update.replace(text=text)
            self._review = read(ReviewForm, turn.reply.structured)
        except (AgentError, BudgetSpent, Objection) as error:
            self._problem = flatten(str(error), _MAX_REVIEW_CHARS)
        else:
            self._objected += not self._review.approve

    async def _open(self, talk: Talk) -> ProgramConversation:
        conversation = await self._stack.enter_async_context(self._claude.open_conversation(talk))
        self._tally.add(conversation)
        return conversation


def _format_times(count: int) -> str:
    return {0: "", 1: " after one revision"}.get(count, " after two revisions")
