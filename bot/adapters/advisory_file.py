"""The advisory database: one JSON file in the state folder, out of reach of every change."""

import json
import os
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError
from theseus_guard.completion import run_in_thread
from theseus_guard.record import Record

from bot.domain.advisories import (
    AdvisoriesMissing,
    Advisory,
    AdvisorySource,
    DeclaredPackages,
    KnownFlaw,
    PackageVersion,
)
from bot.infra.dependency_files import read_manifest
from bot.infra.osv import find_flaws
from bot.infra.osv_archive import read_archive

FILE = "advisories.json"
_UPDATE = "import osv.dev's PyPI archive with `theseus advisories update FILE`"


class Imported(NamedTuple):
    """The result of an import; `refused` are files that are no advisories, with the reason."""

    source: AdvisorySource
    refused: tuple[str, ...]


class _Content(Record):
    """The file. `advisories` are stored by package, and validated when they are used."""

    source: AdvisorySource
    advisories: dict[str, list[Any]]


class AdvisoryFile:
    """Implements `bot.ports.advisory_database.AdvisoryDatabase`."""

    def __init__(self, state: Path) -> None:
        self._file = state / FILE
        self._loaded: tuple[tuple[int, int], _Content] | None = None

    async def get_source(self) -> AdvisorySource:
        """Return what was imported, and when. Raises `AdvisoriesMissing`."""
        return (await run_in_thread(self._load)).source

    async def find(self, packages: Collection[PackageVersion]) -> tuple[KnownFlaw, ...]:
        """Return the known flaws of these versions. Raises `AdvisoriesMissing`."""
        return await run_in_thread(lambda: self._find(packages))

    def read_manifest(self, path: str, text: str) -> DeclaredPackages:
        """Return the packages that a manifest names."""
        return read_manifest(path, text)

    def import_from(self, place: Path, now: datetime) -> Imported:
        """Replace the database with the advisories of a zip archive or a folder.

        Raises `ConfigError` if nothing in it is an advisory; the old database then stays.
        """
        archive = read_archive(place)
        by_package: dict[str, list[Any]] = {}
        for advisory in archive.advisories:
            stored = advisory.model_dump(mode="json", exclude={"package"})
            by_package.setdefault(advisory.package, []).append(stored)
        source = AdvisorySource(imported_at=now, newest=archive.newest, count=archive.file_count)
        content = _Content(source=source, advisories=by_package)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_name(f"{FILE}.{os.getpid()}.copy")
        draft.write_text(content.model_dump_json(), encoding="utf-8")
        draft.replace(self._file)
        return Imported(source, archive.refused)

    def _find(self, packages: Collection[PackageVersion]) -> tuple[KnownFlaw, ...]:
        stored = self._load().advisories
        try:
            advisories = [
                Advisory.model_validate({**each, "package": name})
                for name in {package.name for package in packages}
                for each in stored.get(name, ())
            ]
        except (ValidationError, TypeError) as error:
            raise AdvisoriesMissing(f"{FILE} has been damaged: {_UPDATE}") from error
        return find_flaws(advisories, packages)

    def _load(self) -> _Content:
        try:
            found = self._file.stat()
            version = (found.st_mtime_ns, found.st_size)
            if self._loaded is None or self._loaded[0] != version:
                text = self._file.read_text(encoding="utf-8")
                self._loaded = (version, _Content.model_validate(json.loads(text)))
        except FileNotFoundError as error:
            raise AdvisoriesMissing(f"no advisory database: {_UPDATE}") from error
        except (OSError, ValueError, RecursionError) as error:
            raise AdvisoriesMissing(f"{FILE} cannot be read: {_UPDATE}") from error
        return self._loaded[1]
