"""A rehearsal that runs no code: a function says what came of a script."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from bot.domain.errors import RehearsalError
from bot.domain.rehearsal import PlayedStep, Script, SeenEvent, Transcript
from bot.ports.rehearsal import ScriptRunner

Answers = Callable[[Path, Script], Transcript]


class FakeRehearsal:
    """`answers(tree, script)` is what comes of a script; `played` tells what was asked, in order.

    `error`, when set, is raised instead of anything being opened; `refusal` says the same, but for
    one that is `passing`.
    """

    def __init__(
        self,
        answers: Answers = lambda _tree, _script: Transcript(),
        *,
        refusal: RehearsalError | None = None,
        passing: bool = False,
    ) -> None:
        self.answers = answers
        self.error, self.passing = refusal, passing
        self.replayed: list[tuple[Path, Script]] = []

    @property
    def refusal(self) -> str:
        """Return what is raised, where that lasts."""
        return "" if self.passing or self.error is None else str(self.error)

    @asynccontextmanager
    async def open(self, tree: Path) -> AsyncIterator[ScriptRunner]:
        """Lend a player of what the function says of this tree."""
        if self.error is not None:
            raise self.error
        yield _FakeRunner(self, tree)

    def answer(self, tree: Path, script: Script) -> Transcript:
        """Note that it was asked, and return what came of it."""
        self.replayed.append((tree, script))
        return self.answers(tree, script)


class _FakeRunner:
    """A player that asks the rehearsal which lent it."""

    def __init__(self, rehearsal: FakeRehearsal, tree: Path) -> None:
        self._rehearsal = rehearsal
        self._tree = tree

    async def run(self, script: Script, *, keep_files: bool = False) -> Transcript:
        """Return what the function says; what files hold, only where that is asked for."""
        play = self._rehearsal.answer(self._tree, script)
        return play if keep_files else play.replace(file_contents={})


def make_transcript(script: Script, *texts: str) -> Transcript:
    """Return a transcript in which the bot said one text at each step, publicly, in its channel."""
    steps = [
        PlayedStep(
            step=step,
            seen=(
                SeenEvent(
                    kind="message",
                    channel=getattr(step, "channel", "dev"),
                    message=f"m{number}",
                    text=text,
                ),
            ),
        )
        for number, (step, text) in enumerate(zip(script.steps, texts, strict=True), 1)
    ]
    return Transcript(steps=tuple(steps))
