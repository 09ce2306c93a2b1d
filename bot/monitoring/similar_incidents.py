"""Other incidents that may have the same cause, best first."""

from collections.abc import Iterable
from typing import NamedTuple

from bot.domain.incident import Incident

MOST_SIMILAR = 5


class SimilarIncident(NamedTuple):
    """An incident, and what it has in common with the one that people look at."""

    incident: Incident
    reason: str


def list_similar(
    incident: Incident, known: Iterable[Incident], most: int = MOST_SIMILAR
) -> list[SimilarIncident]:
    """Return the most similar incidents of the same bot, the closest first, then the newest."""
    ranked = []
    for other in known:
        if other.id == incident.id or other.target != incident.target:
            continue
        rank, reason = _compare(incident, other)
        if reason:
            ranked.append((rank, -other.opened_at.timestamp(), SimilarIncident(other, reason)))
    return [each for _, _, each in sorted(ranked, key=lambda each: each[:2])[:most]]


def _compare(incident: Incident, other: Incident) -> tuple[int, str]:
    """Return how close another incident is (0 is closest), and why; no reason: not similar."""
    follows = incident.follows is not None and incident.follows.incident == other.id
    if follows or incident.followed_by == other.id or incident.is_same_fault(other):
        return 0, "the same fault"
    if incident.error and incident.error == other.error:
        return 1, "the same error in the same function"
    if incident.files and other.files and incident.files[0] == other.files[0]:
        return 2, f"it fails in {incident.files[0]} too"
    if incident.event == other.event and not incident.is_for_people:
        return 3, "the same action"
    return 9, ""
