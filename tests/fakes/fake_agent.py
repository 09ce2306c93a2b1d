"""A code agent that does what a test says, round by round."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence

from bot.domain.change import Attempt
from bot.domain.cost import Cost
from bot.domain.part_notes import BoardSeat
from bot.ports.agent import (
    Assignment,
    Budget,
    Checkup,
    Finished,
    News,
    Progress,
    QuestionAsked,
    Update,
    get_no_news,
    skip_checkup,
)
from bot.ports.workspace import Workspace

Edits = Mapping[str, str | None]
Turn = Edits | Exception | QuestionAsked


class FakeAgent:
    """Implements `bot.ports.agent.CodeAgent`.

    `rounds` are the edits of each round (`None` removes a file); the last is repeated. An error
    among them is raised, a question is asked. A list contains the calls of one round in order.
    `hold` makes the agent work until `release` or cancellation; `stopped` counts cancellations.
    `news` collects the messages received during work, unless the agent is `deaf`. `milestones` are
    reported as progress. `result_fields` are added to the final update. Every call costs `cost`,
    reported from its first progress on.
    """

    def __init__(
        self,
        *rounds: Turn | list[Turn],
        claims: str = "Made it right.",
        name: str = "fake",
        can_follow_instructions: bool = True,
        cost: Cost | None = None,
        **result_fields: object,
    ) -> None:
        self.rounds: Sequence[Turn | list[Turn]] = rounds
        self.name = name
        self.can_follow_instructions = can_follow_instructions
        self.result_fields = result_fields
        self._spends = dict(cost or Cost())
        self._calls: Counter[int] = Counter()
        self.claims = claims
        self.asked: list[Assignment] = []
        self.working = asyncio.Event()
        self.stopped = 0
        self.news: list[str] = []
        self.milestones: Sequence[str] = ()
        self.deaf = False
        self._go = asyncio.Event()
        self._go.set()

    def hold(self) -> None:
        """Keep working until `release`."""
        self._go.clear()

    def release(self) -> None:
        """Finish the work."""
        self._go.set()

    async def work(
        self,
        assignment: Assignment,
        workspace: Workspace,
        budget: Budget,
        news: News = get_no_news,
        checkup: Checkup = skip_checkup,
        board: BoardSeat | None = None,
    ) -> AsyncGenerator[Update, None]:
        """Make this round's edits."""
        self.asked.append(assignment)
        yield Progress(text="looking at the code", **self._spends)
        for milestone in self.milestones:
            yield Progress(text=milestone, milestone=True, **self._spends)
        self.working.set()
        try:
            await self._go.wait()
        except asyncio.CancelledError:
            self.stopped += 1
            raise
        if self.can_follow_instructions and not self.deaf:
            self.news += news()
        edits = self._turn(assignment.round)
        if isinstance(edits, Exception):
            raise edits
        if isinstance(edits, QuestionAsked):
            yield edits
            return
        for name, text in edits.items():
            file = workspace.path / name
            if text is None:
                file.unlink(missing_ok=True)
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
        attempts = (Attempt(summary="one edit", result="passes"),)
        last = {"changed": True, "summary": self.claims, "attempts": attempts}
        yield Finished.model_validate({**last, **self._spends, **self.result_fields})

    def _turn(self, number: int) -> Turn:
        """Return what to do now: the next of the round's calls."""
        turn = self.rounds[min(number, len(self.rounds)) - 1]
        if not isinstance(turn, list):
            return turn
        self._calls[number] += 1
        return turn[min(self._calls[number], len(turn)) - 1]
