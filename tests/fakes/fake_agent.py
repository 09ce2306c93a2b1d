"""A code agent that does what a test says, round by round."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence

from bot.domain.change import Attempt
from bot.ports.agent import Asked, Assignment, Budget, Finished, Progress, Update
from bot.ports.workspace import Workspace

Edits = Mapping[str, str | None]


class FakeAgent:
    """Implements `bot.ports.agent.CodeAgent`.

    `rounds` are the edits of each round (`None` removes a file); when they run out, the last is
    made again. An error among them is raised instead, a question asked. `hold` makes it work until
    `release` or until it is cancelled; `stopped` counts how often that happened.
    """

    name = "fake"
    follows_words = True

    def __init__(self, *rounds: Edits | Exception | Asked, claims: str = "Made it right.") -> None:
        self.rounds: Sequence[Edits | Exception | Asked] = rounds
        self.claims = claims
        self.asked: list[Assignment] = []
        self.working = asyncio.Event()
        self.stopped = 0
        self._go = asyncio.Event()
        self._go.set()

    def hold(self) -> None:
        """Work on and on."""
        self._go.clear()

    def release(self) -> None:
        """Come to an end."""
        self._go.set()

    async def work(
        self, assignment: Assignment, workspace: Workspace, budget: Budget
    ) -> AsyncGenerator[Update, None]:
        """Make this round's edits."""
        self.asked.append(assignment)
        yield Progress(text="looking at the code")
        self.working.set()
        try:
            await self._go.wait()
        except asyncio.CancelledError:
            self.stopped += 1
            raise
        edits = self.rounds[min(assignment.round, len(self.rounds)) - 1]
        if isinstance(edits, Exception):
            raise edits
        if isinstance(edits, Asked):
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
        yield Finished(changed=True, summary=self.claims, attempts=attempts)
