"""When a bot is to be replaced: pure decisions from what was seen of it."""

import json
import signal
from dataclasses import asdict, dataclass, field, fields
from typing import Self


@dataclass(frozen=True)
class RestartRules:
    """The section `restart` of the configuration, in seconds and MiB.

    A started bot is on probation for `probation_seconds` after it took over. It must be ready
    within `ready_seconds`, never be silent for `silent_seconds`, and stay below `memory_mb`. After
    that it is restarted if it is silent for `hung_seconds`. The supervisor ends after `crashes` in
    a row, each during probation. `backoff` are the pauses before the next starts; the last one
    repeats.
    """

    drain_seconds: float = 20.0
    probation_seconds: float = 60.0
    prepare_seconds: float = 90.0
    ready_seconds: float = 30.0
    silent_seconds: float = 15.0
    hung_seconds: float = 120.0
    memory_mb: float = 1024.0
    crashes: int = 6
    kill_seconds: float = 10.0
    backoff: tuple[float, ...] = field(default=(1.0, 2.0, 4.0, 8.0, 16.0, 30.0))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the rules in a JSON object; what it does not name is as it is by default."""
        values = json.loads(text)
        known = {each.name for each in fields(cls)}
        if not isinstance(values, dict) or not known.issuperset(values):
            raise ValueError(f"rules are an object of {sorted(known)}, not {text[:200]}")
        if "backoff" in values:
            values["backoff"] = tuple(values["backoff"])
        return cls(**values)

    def to_json(self) -> str:
        """Return the rules as JSON, for `parsed`."""
        return json.dumps(asdict(self))

    def pause(self, crashes: int) -> float:
        """Return how long to wait before the start after so many crashes in a row, from 1."""
        return self.backoff[min(crashes, len(self.backoff)) - 1]


@dataclass(frozen=True)
class Fault:
    """The running bot ended, or has to be. `code` is its exit code, where it ended."""

    summary: str
    code: int | None = None

    @classmethod
    def from_exit_code(cls, code: int) -> Self:
        """Return that a bot ended with this exit code; negative: by that signal."""
        if code >= 0:
            return cls(f"it ended with exit code {code}", code)
        return cls(f"it was ended by {signal.Signals(-code).name}", code)


@dataclass(frozen=True)
class Reading:
    """The observed status of a bot; times are seconds of one clock.

    `began_at` is when it got the order to start.
    """

    began_at: float
    last_message_at: float
    ready: bool
    was_ready: bool
    memory_mb: float | None = None


def find_fault(seen: Reading, rules: RestartRules, now: float, *, probation: bool) -> str | None:
    """Return why a running bot has to be replaced, or `None` if it works."""
    silent = now - seen.last_message_at
    if silent > (rules.silent_seconds if probation else rules.hung_seconds):
        return f"it hung: no sign of life for {silent:.0f} s"
    if not probation:
        return None
    if not seen.was_ready and now - seen.began_at > rules.ready_seconds:
        return f"it was not ready within {rules.ready_seconds:.0f} s"
    if seen.memory_mb is not None and seen.memory_mb > rules.memory_mb:
        return f"its memory grew to {seen.memory_mb:.0f} MiB, more than {rules.memory_mb:.0f}"
    return None


def has_passed_probation(seen: Reading, rules: RestartRules, now: float) -> bool:
    """Return whether the probation is passed: its time is over, and the bot is ready now."""
    return seen.ready and now - seen.began_at >= rules.probation_seconds
