"""Reads advisories in the OSV format of osv.dev, and decides which versions they affect.

The files come from outside and are data: everything in them is checked for its type and size, and
nothing of them becomes a path, a pattern or code.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from pydantic import ValidationError

from bot.domain.advisories import (
    LONGEST_VERSION,
    Advisory,
    KnownFlaw,
    PackageVersion,
    RangeEvent,
)

MOST_BYTES = 4_000_000
"""The largest file that is read: the largest advisories of PyPI have some hundred kilobytes."""

_ECOSYSTEM = "PyPI"
_MOST_ALIASES = 50
_LONGEST_NAME, _LONGEST_SUMMARY = 200, 200
_EVENTS = ("introduced", "fixed", "last_affected", "limit")


class InvalidAdvisory(ValueError):
    """A file is no advisory in the OSV format; the message says why."""


def parse_advisories(content: bytes) -> tuple[list[Advisory], str]:
    """Return what a file says of PyPI's packages, and when its newest entry was changed.

    A file holds one advisory or a list. Withdrawn advisories are left out. Raises
    `InvalidAdvisory`.
    """
    if len(content) > MOST_BYTES:
        raise InvalidAdvisory(f"it is larger than {MOST_BYTES // 1_000_000} MB")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidAdvisory(f"it is not JSON ({type(error).__name__})") from error
    entries = found if isinstance(found, list) else [found]
    try:
        advisories = [advisory for entry in entries for advisory in _parse_entry(entry)]
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise InvalidAdvisory(f"its field `{where[:80]}` is wrong") from error
    return advisories, max((_get_text(entry, "modified")[:40] for entry in entries), default="")


def _parse_entry(entry: object) -> Iterator[Advisory]:
    if not isinstance(entry, Mapping) or not _get_text(entry, "id"):
        raise InvalidAdvisory("it has no `id`")
    if entry.get("withdrawn"):
        return
    text = _get_text(entry, "summary") or _get_text(entry, "details")
    aliases = _get_list(entry, "aliases", str)
    for affected in _get_list(entry, "affected", Mapping):
        package = affected.get("package")
        if not isinstance(package, Mapping) or package.get("ecosystem") != _ECOSYSTEM:
            continue
        name = _get_text(package, "name")
        if not name or len(name) > _LONGEST_NAME:
            raise InvalidAdvisory("it names no package, or one with too long a name")
        ranges = _get_list(affected, "ranges", Mapping)
        yield Advisory(
            id=_get_text(entry, "id"),
            aliases=tuple(aliases[:_MOST_ALIASES]),
            summary=" ".join(text[: 20 * _LONGEST_SUMMARY].split())[:_LONGEST_SUMMARY],
            package=canonicalize_name(name),
            versions=tuple(map(_check_version, _get_list(affected, "versions", str))),
            ranges=tuple(
                tuple(_iterate_events(each))
                for each in ranges
                if each.get("type") in ("ECOSYSTEM", "SEMVER")
            ),
        )


def _iterate_events(one_range: Mapping[str, Any]) -> Iterator[RangeEvent]:
    for event in _get_list(one_range, "events", Mapping):
        for kind in _EVENTS:
            if kind in event:
                yield kind, _check_version(_get_text(event, kind))  # type: ignore[misc]  # of _EVENTS


def _check_version(version: str) -> str:
    if not version or len(version) > LONGEST_VERSION:
        raise InvalidAdvisory("one of its versions is no version")
    return version


def _get_text(entry: object, key: str) -> str:
    value = entry.get(key) if isinstance(entry, Mapping) else None
    return value if isinstance(value, str) else ""


def _get_list(entry: Mapping[str, Any], key: str, kind: type) -> list[Any]:
    """Return a list of that kind; raise `InvalidAdvisory` for anything else."""
    value = entry.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, kind) for each in value):
        raise InvalidAdvisory(f"its `{key}` is wrong")
    return value


def find_flaws(
    advisories: Iterable[Advisory], packages: Iterable[PackageVersion]
) -> tuple[KnownFlaw, ...]:
    """Return the flaws of these versions; advisories that are aliases count as one."""
    by_name: dict[str, list[Advisory]] = {}
    for advisory in advisories:
        by_name.setdefault(advisory.package, []).append(advisory)
    found: list[KnownFlaw] = []
    for package in sorted(set(packages), key=lambda each: (each.name, each.version)):
        known = [
            each for each in by_name.get(package.name, ()) if is_affected(each, package.version)
        ]
        found += _join_aliases([_build_flaw(each, package) for each in known])
    return tuple(found)


def _join_aliases(flaws: Sequence[KnownFlaw]) -> list[KnownFlaw]:
    joined: list[KnownFlaw] = []
    for flaw in flaws:
        same = [each for each in joined if each.is_same(flaw)]
        for each in same:
            joined.remove(each)
            flaw = each.replace(
                ids=tuple(dict.fromkeys((*each.ids, *flaw.ids))),
                fixed_in=each.fixed_in or flaw.fixed_in,
            )
        joined.append(flaw)
    return joined


def _build_flaw(advisory: Advisory, package: PackageVersion) -> KnownFlaw:
    newer = [
        version
        for each in advisory.ranges
        for kind, version in each
        if kind == "fixed" and _order(version) > _order(package.version)
    ]
    return KnownFlaw(
        package=package,
        ids=(advisory.id, *advisory.aliases),
        summary=advisory.summary,
        fixed_in=min(newer, key=_order, default=""),
    )


def is_affected(advisory: Advisory, version: str) -> bool:
    """Return whether an advisory affects a version, by PEP 440."""
    try:
        installed = Version(version)
    except InvalidVersion:
        return version in advisory.versions
    return (
        version in advisory.versions
        or any(_is_equal(each, installed) for each in advisory.versions)
        or any(_is_in_range(each, installed) for each in advisory.ranges)
    )


def _is_equal(version: str, installed: Version) -> bool:
    try:
        return Version(version) == installed
    except InvalidVersion:
        return False


def _is_in_range(events: Sequence[RangeEvent], installed: Version) -> bool:
    """Return whether the events include the version; the last event up to it decides."""
    inside = False
    for kind, version in sorted(events, key=lambda each: _order(each[1])):
        at = _order(version)
        if kind == "introduced":
            inside = inside or version == "0" or at <= installed
        elif kind == "last_affected":
            inside = inside and installed <= at
        elif version != "*":
            inside = inside and installed < at
    return inside


def _order(version: str) -> Version:
    """Return the version for comparisons; an invalid one sorts before all others."""
    try:
        return Version(version)
    except InvalidVersion:
        return Version("0.dev0")
