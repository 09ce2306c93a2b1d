"""Replays the example of a report with one commit after another."""

from theseus_rehearsal.ports.rehearsal import Rehearsal, run_script

from bot.domain.incorrect_output import AnswerExample
from bot.ports.clock import Clock
from bot.ports.trees import CommitTrees
from bot.proof.example_scripts import list_answer_lines

MOST_REPLAYS = 14
"""The largest number of commits that are replayed."""
PATIENCE = 600.0
"""Seconds after which no further commit is replayed."""

Lines = tuple[str, ...]


class AnswerReplays:
    """Replays an example, at most once per commit, until a limit of number or time is reached."""

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
    def replay_count(self) -> int:
        """The number of commits that were replayed."""
        return len(self._answers)

    async def answer(self, commit: str) -> Lines | None:
        """Return the output with a commit; `None` if there is none or a limit is reached."""
        if commit not in self._answers:
            if self.replay_count >= MOST_REPLAYS or self._clock.monotonic() > self._until:
                return None
            async with self._trees.open_tree(commit) as tree:
                transcript = await run_script(self._rehearsal, tree, self._example.script)
            self._answers[commit] = list_answer_lines(transcript, self._example.at)
        return self._answers[commit]
