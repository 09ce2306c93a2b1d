"""Live transcripts of runs: what models say and do, for the dashboard. Only in memory."""

from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from theseus_observe.redaction import redact

from bot.domain.personal_data import DataSubject
from bot.domain.progress import TranscriptEntry, TranscriptLine
from bot.ports.clock import Clock

_MOST_RUNS = 20
_MOST_LINES = 400  # per run
_MOST_CHARS = 300_000  # per run
_LONGEST = 8_000


@dataclass
class _Transcript:
    lines: deque[TranscriptLine] = field(default_factory=lambda: deque(maxlen=_MOST_LINES))
    chars: int = 0
    last: int = 0


class RunTranscripts:
    """Keeps the newest lines of the runs that worked last, until the process ends.

    Nothing is stored, so a restart begins an empty transcript. Lines are redacted when they are
    added, because they hold what users, logs and source say.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._transcripts: OrderedDict[str, _Transcript] = OrderedDict()

    def add(self, run_id: str, entry: TranscriptEntry) -> None:
        """Add what a model said or did."""
        self._add(run_id, entry.author, entry.kind, entry.text)

    def add_step(self, run_id: str, text: str) -> None:
        """Add what our own program does, unless that is what it did last."""
        known = self._transcripts.get(run_id)
        latest = known.lines[-1] if known and known.lines else None
        if latest is None or latest.kind != "step" or latest.text != redact(text):
            self._add(run_id, "", "step", text)

    def list_lines(self, run_id: str) -> Sequence[TranscriptLine]:
        """Return the lines of a run, oldest first; empty if it has not worked in this process."""
        known = self._transcripts.get(run_id)
        return tuple(known.lines) if known else ()

    def get_lengths(self) -> Mapping[str, int]:
        """Return the number of the newest line of each run."""
        return {run_id: each.last for run_id, each in self._transcripts.items()}

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many lines there are: whose data they hold cannot be told."""
        return sum(len(each.lines) for each in self._transcripts.values())

    async def erase(self, subject: DataSubject) -> int:
        """Erase all transcripts, because any line may hold what the person wrote."""
        count = await self.count_records(subject)
        self._transcripts.clear()
        return count

    def _add(
        self, run_id: str, author: str, kind: Literal["text", "call", "result", "step"], text: str
    ) -> None:
        # Redacted before it is cut: half a secret is not recognised.
        clean = redact(text).encode(errors="replace").decode()[:_LONGEST]
        transcript = self._transcripts.setdefault(run_id, _Transcript())
        self._transcripts.move_to_end(run_id)
        transcript.last += 1
        if len(transcript.lines) == _MOST_LINES:
            transcript.chars -= len(transcript.lines.popleft().text)
        line = TranscriptLine(
            number=transcript.last, at=self._clock.now(), author=author, kind=kind, text=clean
        )
        transcript.lines.append(line)
        transcript.chars += len(clean)
        while transcript.chars > _MOST_CHARS:
            transcript.chars -= len(transcript.lines.popleft().text)
        while len(self._transcripts) > _MOST_RUNS:
            self._transcripts.popitem(last=False)
