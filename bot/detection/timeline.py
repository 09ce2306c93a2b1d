"""What time it is, by the records themselves, whatever some of their clocks say.

Time is that of the newest record, and only goes forward. A record that is out of line, more than
`span` (the longest window) ahead of it or behind it, is put aside:

- If `tick` is told the time, by a clock, that decides: it moves the time on, and back when the
  clock was set back by more than `span`. Records put aside that fit the new time count then.
- If it is not (a replay), so many records in a row that are out of line on the same side move the
  time to the middle one of them, and then count: `AHEAD` after a pause in the log, `BEHIND` after a
  clock was set back. Any record that is in line has those put aside forgotten.

So one record from the far future changes nothing, neither do a few from last week; and after a
silence, or when a clock was set, everything goes on a few records later.
"""

from collections.abc import Sequence

from bot.domain.samples import Sample

AHEAD, BEHIND = 3, 10
MAX_SET_ASIDE = 1_000


class Timeline:
    """The current time by the records. `now` is in seconds since 1970; `None` before the first."""

    __slots__ = ("_aside", "_has_warned", "_span", "now")

    def __init__(self, span: float, now: float | None = None) -> None:
        self.now = now
        self._span = span
        self._aside: list[Sample] = []
        self._has_warned = False

    def place(self, sample: Sample) -> Sequence[Sample]:
        """Process a sample; return the samples that count now, in order."""
        now = self.now
        if now is None:
            self.now = sample.at
            return (sample,)
        ahead = sample.at - now
        if -self._span <= ahead <= self._span:
            if ahead > 0:
                self.now = sample.at
            if self._aside:
                self._aside.clear()
            return (sample,)
        if self._aside and (self._aside[0].at > now) is not (ahead > 0):
            self._aside.clear()
        self._aside.append(sample)
        del self._aside[:-MAX_SET_ASIDE]
        agreeing = AHEAD if ahead > 0 else BEHIND
        if self._has_warned or len(self._aside) < agreeing:
            return ()
        return self._move(sorted(each.at for each in self._aside)[agreeing // 2])

    def tick(self, now: float) -> Sequence[Sample]:
        """Set the time from a clock; return the set-aside samples that count now."""
        self._has_warned = True
        if self.now is None or -self._span <= now - self.now <= 0:
            return ()
        return self._move(now)

    def _move(self, now: float) -> Sequence[Sample]:
        aside, self._aside = self._aside, []
        self.now = now
        fitting = [each for each in aside if abs(each.at - now) <= self._span]
        self.now = max([now, *(each.at for each in fitting)])
        return fitting
