"""Samples: the part of a journal record that detection needs, small and fast to create."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from bot.domain.journal import FAILED

OWN_KINDS = frozenset({"run", "model", "forge", "check", "reload"})
"""Kinds of the bot's work on itself. They are never judged, but reported where they happen."""


class Sample(NamedTuple):
    """One action. `at` is in seconds since 1970, UTC; the other fields are the record's."""

    at: float
    id: str
    event: str
    kind: str
    outcome: str
    duration_ms: float | None = None
    fingerprint: str | None = None
    commit: str | None = None
    user: str | None = None
    own: bool = False
    children: tuple[str, ...] = ()
    """Fingerprints of the faults in an exception group."""

    @property
    def is_failure(self) -> bool:
        """True if it counts as a failure; a cancellation does not."""
        return self.outcome in FAILED

    @property
    def when(self) -> datetime:
        """The time, timezone-aware."""
        return datetime.fromtimestamp(self.at, UTC)


class ActionCount(NamedTuple):
    """The number of actions of one kind in one interval, and how many of them failed.

    `at` is the start of the interval, in seconds since 1970, UTC.
    """

    at: float
    kind: str
    actions: int
    failures: int


class ReceivedRecords(NamedTuple):
    """How many lines of another bot were stored, were known, are no records, and did not fit."""

    stored: int = 0
    known: int = 0
    refused: int = 0
    omitted: int = 0


def parse_sample(fields: Mapping[str, object]) -> Sample:
    """Return the sample of a record read from JSON. Raises `ValueError` if it is not a record."""
    ts, error = fields.get("ts"), fields.get("error")
    texts = [fields.get(name) for name in ("id", "event", "outcome")]
    if not isinstance(ts, str) or not all(isinstance(text, str) for text in texts):
        raise ValueError("a record needs ts, id, event and outcome")
    if not all(map(_is_storable, texts)):
        raise ValueError("a record with an unpaired surrogate in it")
    at = datetime.fromisoformat(ts)
    record_id, event, outcome = (str(text) for text in texts)
    kind = str(fields.get("kind") or event.partition(".")[0])
    duration = fields.get("duration_ms")
    commit, user = fields.get("commit"), fields.get("user")
    return Sample(
        at=(at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp(),
        id=record_id,
        event=event,
        kind=kind,
        outcome=outcome,
        duration_ms=float(duration) if isinstance(duration, int | float) else None,
        fingerprint=_parse_text(error.get("fingerprint")) if isinstance(error, Mapping) else None,
        commit=_parse_text(commit),
        user=_parse_text(user),
        own=kind in OWN_KINDS or fields.get("run_id") is not None,
        children=_parse_children(error),
    )


def _parse_children(error: object) -> tuple[str, ...]:
    found = error.get("children") if isinstance(error, Mapping) else None
    if not isinstance(found, list):
        return ()
    texts = (_parse_text(child.get("fingerprint")) for child in found if isinstance(child, Mapping))
    return tuple(text for text in texts if text)


def _parse_text(value: object) -> str | None:
    return value if isinstance(value, str) and _is_storable(value) else None


def _is_storable(text: object) -> bool:
    """Return whether a text can be stored: JSON can contain unpaired surrogates, UTF-8 cannot."""
    return str(text).isascii() or not any("\ud800" <= letter <= "\udfff" for letter in str(text))
