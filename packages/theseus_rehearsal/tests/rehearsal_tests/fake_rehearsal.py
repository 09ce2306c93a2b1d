"""A rehearsal that runs no code: a function says what came of a script."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from theseus_rehearsal.ports.rehearsal import ScriptRunner
from theseus_rehearsal.probe import RunProbe
from theseus_rehearsal.records import PlayedStep, Script, SeenEvent, Transcript

Answers = Callable[[Path, Script], Transcript]
Fill = Callable[[Path, Script, RunProbe], None]


class FakeRehearsal:
    """A rehearsal with scripted answers.

    `answers(tree, script)` returns the transcript of a script; `replayed` lists the calls in order.
    `error`, if set, is raised when a runner is opened; with `passing`, `refusal` does not report
    it, because it is temporary. `fill(tree, script, probe)` says what a run costs.
    """

    def __init__(
        self,
        answers: Answers = lambda _tree, _script: Transcript(),
        *,
        refusal: Exception | None = None,
        passing: bool = False,
        fill: Fill | None = None,
    ) -> None:
        self.answers, self.fill = answers, fill
        self.error, self.passing = refusal, passing
        self.replayed: list[tuple[Path, Script]] = []

    @property
    def refusal(self) -> str:
        """The error message, if the error is permanent, else an empty string."""
        return "" if self.passing or self.error is None else str(self.error)

    @asynccontextmanager
    async def open(self, tree: Path) -> AsyncIterator[ScriptRunner]:
        """Yield a runner that answers as scripted for this tree."""
        if self.error is not None:
            raise self.error
        yield _FakeRunner(self, tree)

    def answer(self, tree: Path, script: Script) -> Transcript:
        """Record the call, and return the transcript."""
        self.replayed.append((tree, script))
        return self.answers(tree, script)


class _FakeRunner:
    """A runner that asks the rehearsal which opened it."""

    def __init__(self, rehearsal: FakeRehearsal, tree: Path) -> None:
        self._rehearsal = rehearsal
        self._tree = tree

    async def run(
        self, script: Script, *, keep_files: bool = False, probe: RunProbe | None = None
    ) -> Transcript:
        """Return the scripted transcript, with the contents of files only on request."""
        transcript = self._rehearsal.answer(self._tree, script)
        if probe is not None and self._rehearsal.fill is not None:
            self._rehearsal.fill(self._tree, script, probe)
        return transcript if keep_files else transcript.replace(file_contents={})


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
