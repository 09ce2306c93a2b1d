"""Reads archives of advisories: osv.dev's zip archive of one ecosystem, or a folder."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bot.domain.advisories import Advisory
from bot.domain.errors import ConfigError
from bot.infra.osv import MOST_BYTES, InvalidAdvisory, parse_advisories

_MOST_FILES = 500_000
_MOST_TOTAL = 2_000_000_000  # bytes: PyPI's archive has some 100 MB unpacked


class AdvisoryArchive(NamedTuple):
    """What an archive says of PyPI's packages.

    `file_count` is the number of files that could be read; `refused` names the others, each with
    the reason.
    """

    advisories: tuple[Advisory, ...]
    file_count: int
    newest: str
    refused: tuple[str, ...]


def read_archive(place: Path) -> AdvisoryArchive:
    """Read a zip archive or a folder. Raises `ConfigError` if no file of it is an advisory."""
    found: list[Advisory] = []
    refused: list[str] = []
    newest, count = "", 0
    for name, content in _iterate_files(place):
        try:
            advisories, modified = parse_advisories(content)
        except InvalidAdvisory as error:
            refused.append(f"{name[:120]}: {error}")
            continue
        count += 1
        newest = max(newest, modified)
        found += advisories
    if not count:
        why = f": {refused[0]}" if refused else "; unpack osv.dev's PyPI archive there"
        raise ConfigError(f"{place}: no *.json in it is an advisory{why}.")
    return AdvisoryArchive(tuple(found), count, newest, tuple(refused))


def _iterate_files(place: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the JSON files of an archive or a folder. Nothing is unpacked to the disk.

    Raises `ConfigError`.
    """
    try:
        if place.is_dir():
            files = (each for each in sorted(place.rglob("*.json")) if each.is_file())
            yield from _limit((_name(each, place), _read(each)) for each in files)
        elif zipfile.is_zipfile(place):
            with zipfile.ZipFile(place) as archive:
                members = [each for each in archive.infolist() if each.filename.endswith(".json")]
                yield from _limit((e.filename, _read_member(archive, e)) for e in members)
        else:
            raise ConfigError(
                f"{place} is neither a folder nor a zip archive: give osv.dev's archive of PyPI "
                "(PyPI/all.zip), or a folder with its files."
            )
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise ConfigError(f"{place} cannot be read: {error}") from error


def _limit(files: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    total = 0
    for number, (name, content) in enumerate(files, 1):
        total += len(content)
        if number > _MOST_FILES or total > _MOST_TOTAL:
            raise ConfigError(
                f"it has more than {_MOST_FILES:,} files or {_MOST_TOTAL // 1_000_000_000} GB: "
                "this is no archive of advisories."
            )
        yield name, content


def _name(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix()


def _read(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(MOST_BYTES + 1)


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with archive.open(member) as opened:
        return opened.read(MOST_BYTES + 1)
