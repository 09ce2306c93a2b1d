"""Reads advisories in the OSV format of osv.dev and the Python Packaging Authority."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from bot.cli.supply_chain.report import Flaw
from bot.domain.errors import ConfigError

Advisory = Mapping[str, Any]


def load_advisories(folder: Path) -> list[Advisory]:
    """Read every `*.json` under a folder: one advisory each, or a list. Raises `ConfigError`."""
    if not folder.is_dir():
        raise ConfigError(
            f"--advisories {folder}: there is no such folder. Unpack osv.dev's PyPI archive there."
        )
    found = [each for file in sorted(folder.rglob("*.json")) for each in _read(file)]
    if not found:
        raise ConfigError(f"--advisories {folder}: no *.json with an advisory is in it.")
    return found


def _read(file: Path) -> list[Advisory]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} cannot be read as JSON: {error}") from error
    each = content if isinstance(content, list) else [content]
    if not all(isinstance(one, dict) and isinstance(one.get("id"), str) for one in each):
        raise ConfigError(f"{file} is no advisory in OSV's format: it has no `id`.")
    return each


def find_vulnerable(
    advisories: Iterable[Advisory], versions: Iterable[tuple[str, str]]
) -> Iterator[Flaw]:
    """Yield a flaw for each advisory that affects one of these names and versions."""
    by_name: dict[str, list[tuple[Advisory, Mapping[str, Any]]]] = {}
    for advisory in advisories:
        for affected in advisory.get("affected", ()):
            package = affected.get("package", {})
            if package.get("ecosystem") == "PyPI" and not advisory.get("withdrawn"):
                key: str = canonicalize_name(str(package.get("name", "")))
                by_name.setdefault(key, []).append((advisory, affected))
    for name, version in sorted(set(versions)):
        flaws = dict.fromkeys(
            _build_flaw(name, version, advisory, affected)
            for advisory, affected in by_name.get(name, ())
            if _is_affected(affected, version)
        )
        yield from flaws


def _build_flaw(name: str, version: str, advisory: Advisory, affected: Mapping[str, Any]) -> Flaw:
    known = [advisory["id"], *(alias for alias in advisory.get("aliases", ()))]
    summary = " ".join(str(advisory.get("summary") or advisory.get("details") or "").split())[:200]
    fixed = sorted(_find_fixed_versions(affected, version), key=_order)
    way = f" It is fixed in {fixed[0]}." if fixed else " There is no fixed version yet."
    return Flaw(
        what="advisory",
        package=name,
        message=f"{version} is affected by {', '.join(known[:4])}: {summary}{way}",
        remedy=f"Run `uv lock --upgrade-package {name}`."
        if fixed
        else "Remove the package, or wait for a fix.",
    )


def _is_affected(affected: Mapping[str, Any], version: str) -> bool:
    if version in affected.get("versions", ()):
        return True
    return any(
        _is_in_range(each.get("events", ()), version)
        for each in affected.get("ranges", ())
        if each.get("type") in ("ECOSYSTEM", "SEMVER")
    )


def _is_in_range(events: Sequence[Mapping[str, str]], version: str) -> bool:
    """Return whether the events include the version; the last event up to the version decides."""
    try:
        installed = Version(version)
    except InvalidVersion:
        return False
    inside = False
    for event in sorted(events, key=lambda each: _order(next(iter(each.values())))):
        if "introduced" in event and _order(event["introduced"]) <= installed:
            inside = True
        else:
            fixed = "fixed" in event and _order(event["fixed"]) <= installed
            past = "last_affected" in event and _order(event["last_affected"]) < installed
            inside = inside and not (fixed or past)
    return inside


def _find_fixed_versions(affected: Mapping[str, Any], version: str) -> Iterator[str]:
    for each in affected.get("ranges", ()):
        for event in each.get("events", ()):
            if each.get("type") != "GIT" and _order(event.get("fixed", "")) > _order(version):
                yield event["fixed"]


def _order(version: str) -> Version:
    """Return the version for comparisons; an invalid one sorts before all others."""
    try:
        return Version(version)
    except InvalidVersion:
        return Version("0.dev0")
