"""When new code went live, from the commits in the records."""

from theseus_guard.record import Record

MAX_DEPLOYS = 20


class Deploy(Record):
    """Code of `commit` was first seen `at`, in seconds since 1970."""

    at: float
    commit: str


class Deploys:
    """Tracks which code is live, and whether it went live just now.

    A commit seen within the last `seconds` is not new: while one program takes over from another,
    or several run in parallel, their records alternate.
    """

    __slots__ = ("_last_seen", "_seconds", "commit", "known")

    def __init__(
        self, seconds: float, known: tuple[Deploy, ...] = (), commit: str | None = None
    ) -> None:
        self.known = known
        self.commit = commit
        self._seconds = seconds
        self._last_seen: dict[str, float] = {}

    def see(self, commit: str, now: float) -> None:
        """Record the commit of a record, if it is not `commit`."""
        before, self.commit = self.commit, commit
        if before is None:
            return
        self._last_seen[before] = now
        last = self._last_seen.pop(commit, None)
        if len(self._last_seen) > MAX_DEPLOYS:
            del self._last_seen[next(iter(self._last_seen))]
        if last is None or abs(now - last) > self._seconds:
            self.known = (*self.known, Deploy(at=now, commit=commit))[-MAX_DEPLOYS:]

    def is_settling(self, now: float) -> bool:
        """Return whether new code went live within the last `seconds`."""
        return bool(self.known) and 0 <= now - self.known[-1].at < self._seconds
