"""Chooses the stored versions that a rollback request may mean."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from bot.domain.live_items import ROLLED_BACK, ItemVersion, LiveItem, RollbackRequest

Span = tuple[datetime, datetime]


class RollbackChoice(NamedTuple):
    """An item and its stored versions that may be meant, likeliest first, without the live one.

    `sure` is true if the request decides and means exactly one version. `is_matched` is false if no
    stored version matches the request; then `versions` are all others.
    """

    item: LiveItem
    versions: tuple[ItemVersion, ...]
    sure: bool = False
    is_matched: bool = True


def build_rollback_choice(
    item: LiveItem,
    versions: Sequence[ItemVersion],
    request: RollbackRequest,
    requested_at: datetime,
    span: Span | None = None,
) -> RollbackChoice:
    """Return the versions that a request at `requested_at` may mean.

    `versions` are newest first; `span` is the period in the request, from and until. The choice is
    never `sure` if the item changed after the request, is rolled back already, or has an invalid
    file: then it is not certain which version the person saw.
    """
    others = tuple(version for version in versions if version.number != item.version)
    matches = _match_versions(item, versions, others, request, span)
    if not matches:
        return RollbackChoice(item, others, is_matched=False)
    is_clear = request.number is not None or item.rolled_back is None
    as_seen = item.since <= requested_at and item.state == "live" and item.kind in ROLLED_BACK
    return RollbackChoice(
        item, matches, request.decides and len(matches) == 1 and is_clear and as_seen
    )


def _match_versions(
    item: LiveItem,
    versions: Sequence[ItemVersion],
    others: tuple[ItemVersion, ...],
    request: RollbackRequest,
    span: Span | None,
) -> tuple[ItemVersion, ...]:
    older = tuple(version for version in versions if version.number < item.version)
    if request.number is not None:
        return tuple(version for version in others if version.number == request.number)
    if span is not None:
        live = {version.number for version in _find_live_versions(versions, *span)}
        return tuple(version for version in others if version.number in live)
    if item.rolled_back is not None:
        return others
    return older[request.steps - 1 : request.steps] if request.steps else older


def _find_live_versions(
    versions: Sequence[ItemVersion], since: datetime, until: datetime
) -> tuple[ItemVersion, ...]:
    """Return the versions that were the newest at some time between the two times."""
    ends = (None, *(version.at for version in versions))
    return tuple(
        version
        for version, end in zip(versions, ends, strict=False)
        if version.at < until and (end is None or end > since)
    )
