"""Milestones of a long run: what its engine reports, in the thread, where people wait for it."""

from hashlib import sha256

from bot.domain.run import Run
from bot.ports.clock import Clock
from bot.self_improvement._voice import Voice
from bot.telemetry import redact

_PACE = 20.0  # seconds between two in the thread; the card shows what comes in between
_MOST = 12  # of one stage


class Milestones:
    """Says what an engine reports while it works on one stage of a run, each once."""

    def __init__(self, run: Run, voice: Voice, clock: Clock) -> None:
        self._run = run
        self._voice = voice
        self._clock = clock
        self._said = 0
        self._next = 0.0

    async def reached(self, text: str) -> None:
        """Say it, unless one was said just now. After a restart the same one is not said again."""
        now = self._clock.monotonic()
        if now < self._next or self._said >= _MOST:
            return
        self._next, self._said = now + _PACE, self._said + 1
        told = redact(text)
        digest = sha256(told.encode(errors="replace")).hexdigest()[:12]
        key = f"milestone:{self._run.attempt}:{self._run.round}:{digest}"
        await self._voice.say(self._run, f"🔹 {told}", key=key)
