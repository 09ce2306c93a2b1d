"""Which kept versions words may mean, and whether it is plain which one."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from bot.domain.live_items import ROLLED_BACK, ItemVersion, LiveItem, RollbackRequest

Span = tuple[datetime, datetime]


class RollbackChoice(NamedTuple):
    """An item, and the kept versions of it that may be meant, likeliest first; none is live.

    `sure`: the words decide, and mean the one version. `told`: the versions are those that the
    words tell of; otherwise no such version is kept, and they are all that there are.
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
    """Return what `wish`, said at `said_at`, may mean of an item with these kept versions.

    `versions` are the newest first; `span` is the time that the wish tells, from and until. It is
    never sure of what changed after it was said, is rolled back already, or has a broken file:
    then nobody can tell which version people saw.
    """
    others = tuple(each for each in versions if each.number != item.version)
    meant = _match_versions(item, versions, others, request, span)
    if not meant:
        return RollbackChoice(item, others, is_matched=False)
    plain = request.number is not None or item.rolled_back is None
    as_seen = item.since <= requested_at and item.state == "live" and item.kind in ROLLED_BACK
    return RollbackChoice(item, meant, request.decides and len(meant) == 1 and plain and as_seen)


def _match_versions(
    item: LiveItem,
    versions: Sequence[ItemVersion],
    others: tuple[ItemVersion, ...],
    request: RollbackRequest,
    span: Span | None,
) -> tuple[ItemVersion, ...]:
    older = tuple(each for each in versions if each.number < item.version)
    if request.number is not None:
        return tuple(each for each in others if each.number == request.number)
    if span is not None:
        then = {each.number for each in _find_live_versions(versions, *span)}
        return tuple(each for each in others if each.number in then)
    if item.rolled_back is not None:
        return others
    return older[request.steps - 1 : request.steps] if request.steps else older


def _find_live_versions(
    versions: Sequence[ItemVersion], since: datetime, until: datetime
) -> tuple[ItemVersion, ...]:
    """Return the versions that were the newest at some moment between the two times."""
    ends = (None, *(each.at for each in versions))
    return tuple(
        each
        for each, end in zip(versions, ends, strict=False)
        if each.at < until and (end is None or end > since)
    )
