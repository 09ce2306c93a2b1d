"""An example of a complaint, played with one commit after another."""

from bot.domain.wrong_answer import AnswerExample
from bot.ports.clock import Clock
from bot.ports.rehearsal import Rehearsal, play_one
from bot.ports.trees import CommitTrees
from bot.proof.example_scripts import answer_lines

MOST_PLAYS = 14
"""How many commits are played at most."""
PATIENCE = 600.0
"""Seconds after which no further one is played."""

Lines = tuple[str, ...]


class AnswerPlays:
    """Plays an example with commits, each once, until enough is played."""

    def __init__(
        self,
        rehearsal: Rehearsal,
        trees: CommitTrees,
        example: AnswerExample,
        answers: dict[str, Lines | None],
        clock: Clock,
    ) -> None:
        self._rehearsal = rehearsal
        self._trees = trees
        self._example = example
        self._answers = answers
        self._clock = clock
        self._until = clock.monotonic() + PATIENCE

    @property
    def played(self) -> int:
        """How many commits were played."""
        return len(self._answers)

    async def answer(self, commit: str) -> Lines | None:
        """Return what a commit answers; `None` where it does not, or enough is played."""
        if commit not in self._answers:
            if self.played >= MOST_PLAYS or self._clock.monotonic() > self._until:
                return None
            async with self._trees.laid_out(commit) as tree:
                play = await play_one(self._rehearsal, tree, self._example.script)
            self._answers[commit] = answer_lines(play, self._example.at)
        return self._answers[commit]
