"""Manipulated archives are refused completely and write nothing elsewhere."""

import asyncio
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.state_backups import extract, read_manifest
from bot.domain.errors import ConfigError
from tests.support.state_folders import make_backup, make_state_folder

MUCH = 10**12
Member = tuple[tarfile.TarInfo, bytes]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a valid archive, built once for all tests."""
    root = tmp_path_factory.mktemp("state")

    async def made() -> Path:
        return await make_backup(await make_state_folder(root), root / "to")

    return asyncio.run(made())


def members_of(archive: Path) -> list[Member]:
    with tarfile.open(archive) as opened:
        return [(each, _content(opened, each)) for each in opened.getmembers()]


def _content(opened: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    read = opened.extractfile(member)
    return read.read() if read else b""


def written(to: Path, members: list[Member]) -> Path:
    with tarfile.open(to, "w:gz") as made:
        for member, content in members:
            plain = member.type == tarfile.REGTYPE
            member.size = len(content) if plain else member.size
            made.addfile(member, io.BytesIO(content) if plain else None)
    return to


def _told(members: list[Member], change: Callable[[dict[str, Any]], None]) -> list[Member]:
    """Return the members with a manifest that was changed."""
    manifest = json.loads(members[0][1])
    change(manifest)
    return [(members[0][0], json.dumps(manifest).encode()), *members[1:]]


def named(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _with(members: list[Member], name: str, content: bytes = b"evil", **about: Any) -> list[Member]:
    """Return the members and one more, which the manifest names."""
    member = tarfile.TarInfo(f"state/{name}")
    for key, value in about.items():
        setattr(member, key, value)
    more = _told(members, lambda told: told["files"].append(named(name, content)))
    return [*more, (member, content)]


def _refused(archive: Path, into: Path) -> str:
    """Extract into a folder that has neighbours; return why that was refused."""
    folder = into / "deep/er/staging"
    folder.mkdir(parents=True)
    (into / "neighbour").write_text("mine")
    before = {path for path in into.rglob("*") if folder not in path.parents}
    with pytest.raises(ConfigError) as caught:
        extract(archive, folder, room=MUCH)
    assert {path for path in into.rglob("*") if folder not in path.parents} == before
    assert (into / "neighbour").read_text() == "mine"
    assert not [path for path in folder.rglob("*") if path.is_symlink()]
    return str(caught.value)


NAMES = (
    "../evil", "a/../../evil", "/etc/evil", "..", ".", "", "a//b", "a/", "./a", "a\\..\\b", "a\nb",
    "a\0b", "x" * 2_000, "polls.json", "polls.json/under", "journal",
    # what the program itself would take for something else
    "lock", "theseus.sqlite3-wal", "cogs.sqlite3-journal", ".theseus-restored.json",
    ".theseus-extracting", "backups/old", "journal.sqlite3", "worktrees/run/.git", "cache/checks",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=lambda name: repr(name[:20]))
def test_a_name_that_leads_elsewhere(name: str, archive: Path, tmp_path: Path) -> None:
    members = _with(members_of(archive), name.replace("\0", "") if "\0" in name else name)
    if "\0" in name:
        members = _told(members, lambda told: told["files"][-1].update(name=name))
    told = _refused(written(tmp_path / "evil.tar.gz", members), tmp_path)
    assert str(tmp_path / "evil.tar.gz") in told
    assert "Use another backup" in told


SPECIAL: dict[str, dict[str, Any]] = {
    "symlink": {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
    "hard link": {"type": tarfile.LNKTYPE, "linkname": "state/polls.json"},
    "folder": {"type": tarfile.DIRTYPE},
    "character device": {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 5},
    "block device": {"type": tarfile.BLKTYPE},
    "pipe": {"type": tarfile.FIFOTYPE},
    "contiguous": {"type": tarfile.CONTTYPE},
    "sparse": {"type": tarfile.GNUTYPE_SPARSE},
    "of an unknown kind": {"type": b"Z"},
}


@pytest.mark.parametrize("kind", SPECIAL)
def test_what_is_no_plainnamed(kind: str, archive: Path, tmp_path: Path) -> None:
    members = _with(members_of(archive), "evil", **SPECIAL[kind])
    _refused(written(tmp_path / "evil.tar.gz", members), tmp_path)


def test_a_link_that_a_later_member_would_be_written_through(archive: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    members = _with(members_of(archive), "way", type=tarfile.SYMTYPE, linkname=str(outside))
    members = _with(members, "way/evil")
    _refused(written(tmp_path / "evil.tar.gz", members), tmp_path)
    assert list(outside.iterdir()) == []


def _replaced(members: list[Member], name: str, content: bytes) -> list[Member]:
    return [(member, content if member.name == f"state/{name}" else was) for member, was in members]


FOLDER = tarfile.TarInfo("manifest.json")
FOLDER.type = tarfile.DIRTYPE


def _forge(told: dict[str, Any], key: str, value: Any) -> None:
    told[key] = value


CHANGES: dict[str, Callable[[list[Member]], list[Member]]] = {
    "a member replaced": lambda members: _replaced(members, "polls.json", b'{"open": [1]}'),
    "a member of the same size": lambda members: _replaced(members, "polls.json", b'{"open": {}}'),
    "a member missing": lambda members: members[:-1],
    "a member that is not named": lambda members: [*members, (tarfile.TarInfo("state/x"), b"x")],
    "a member twice": lambda members: [*members, members[-1]],
    "a member outside of state": lambda members: [*members, (tarfile.TarInfo("x"), b"x")],
    "no manifest": lambda members: members[1:],
    "a manifest at the end": lambda members: [*members[1:], members[0]],
    "a manifest that is a folder": lambda members: [
        (FOLDER, b""), *members[1:]
    ],
    "a manifest that is no JSON": lambda members: [(members[0][0], b"{"), *members[1:]],
    "a manifest that is a list": lambda members: [(members[0][0], b"[]"), *members[1:]],
    "a manifest of depth": lambda members: [(members[0][0], b"[" * 100_000), *members[1:]],
    "a manifest with a key nobody knows": lambda members: _told(
        members, lambda told: _forge(told, "evil", True)
    ),
    "a manifest without files": lambda members: _told(
        members, lambda told: _forge(told, "files", [])
    ),
    "another size": lambda members: _told(
        members, lambda told: told["files"][-1].update(size=told["files"][-1]["size"] + 1)
    ),
    "a size below nothing": lambda members: _told(
        members, lambda told: told["files"][0].update(size=-1)
    ),
    "another digest": lambda members: _told(
        members, lambda told: told["files"][0].update(sha256="0" * 64)
    ),
    "other rows": lambda members: _told(
        members, lambda told: _database(told)["rows"].update(runs=2)
    ),
    "other migrations": lambda members: _told(
        members, lambda told: _forge(_database(told), "migrations", [])
    ),
    "a database that is none": lambda members: _told(
        members, lambda told: told["files"][0].update(database=True)
    ),
}  # fmt: skip


def _database(told: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(
        each for each in told["files"] if each["name"] == "theseus.sqlite3"
    )
    return found


@pytest.mark.parametrize("change", CHANGES)
def test_what_does_not_fit_its_manifest(change: str, archive: Path, tmp_path: Path) -> None:
    changed = CHANGES[change](members_of(archive))
    _refused(written(tmp_path / "evil.tar.gz", changed), tmp_path)


def test_a_newer_form_is_told_as_that(archive: Path, tmp_path: Path) -> None:
    newer = _told(members_of(archive), lambda told: told.update(format=2, new_key="unknown here"))
    assert "Update Theseus" in _refused(written(tmp_path / "new.tar.gz", newer), tmp_path)


def _positions(archive: Path) -> Iterator[int]:
    """Yield places all over a file, its ends and its headers."""
    size = archive.stat().st_size
    yield from (0, 3, 9, 10, 11, size - 9, size // 2)
    yield from range(100, size - 1_024, size // 40)


def test_a_byte_that_differs_anywhere(archive: Path, tmp_path: Path) -> None:
    """It is refused, or packs the same: a run of zeros can be written in many ways."""
    content = archive.read_bytes()
    whole = tmp_path / "whole"
    whole.mkdir()
    extract(archive, whole, room=MUCH)
    refused = 0
    for number, at in enumerate(_positions(archive)):
        changed = bytearray(content)
        changed[at] ^= 0x55
        file = tmp_path / f"{number}.tar.gz"
        file.write_bytes(bytes(changed))
        folder = tmp_path / f"out-{number}"
        folder.mkdir()
        try:
            extract(file, folder, room=MUCH)
        except ConfigError as error:
            assert str(file) in str(error)
            refused += 1
        else:
            assert files_of(folder) == files_of(whole)
    assert refused > 30


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("share", [0, 0.001, 0.3, 0.9, 0.99])
def test_an_archive_that_was_cut(share: float, archive: Path, tmp_path: Path) -> None:
    content = archive.read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(content[: int(len(content) * share)])
    _refused(tmp_path / "cut.tar.gz", tmp_path)


def test_more_than_there_is_room_for_is_refused_before_anything_iswritten(
    archive: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "staging"
    folder.mkdir()
    with pytest.raises(ConfigError, match="MB are available"):
        extract(archive, folder, room=1_000)
    assert list(folder.iterdir()) == []


def _header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.type = size, kind
    return member.tobuf(tarfile.GNU_FORMAT)


def _bomb(to: Path, *parts: bytes, zeros: int) -> Path:
    """Write the members, then many zero bytes, which compress to very little."""
    with gzip.open(to, "wb", compresslevel=1) as made:
        for part in parts:
            made.write(part)
        for _ in range(zeros // 2**20):
            made.write(bytes(2**20))
    return to


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_that_swells_is_not_read(kind: bytes, tmp_path: Path) -> None:
    bomb = _bomb(tmp_path / "bomb.tar.gz", _header("x", 2**36, kind), zeros=2**26)
    assert "larger than any of ours" in _refused(bomb, tmp_path)


def test_a_manifest_that_swells_is_not_read(tmp_path: Path) -> None:
    bomb = _bomb(tmp_path / "bomb.tar.gz", _header("manifest.json", 2**36), zeros=2**26)
    assert "manifest is too large" in _refused(bomb, tmp_path)


def test_a_file_that_swells_beyond_what_the_manifest_says(archive: Path, tmp_path: Path) -> None:
    """Its header alone says so; not a byte of it is unpacked."""
    first = members_of(archive)[0]
    manifest = json.loads(first[1]) | {"files": [named("polls.json", b"{}")]}
    body = json.dumps(manifest).encode()
    padded = body + bytes(-len(body) % 512)
    parts = (_header("manifest.json", len(body)), padded, _header("state/polls.json", 2**36))
    bomb = _bomb(tmp_path / "bomb.tar.gz", *parts, zeros=2**26)
    assert f"{2**36} bytes" in _refused(bomb, tmp_path)
    assert list((tmp_path / "deep/er/staging").iterdir()) == []


@pytest.mark.parametrize(
    "content", [b"", b"a letter", b"\x1f\x8b", gzip.compress(b"a letter", mtime=0)]
)
def test_what_is_no_archive(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "letter").write_bytes(content)
    _refused(tmp_path / "letter", tmp_path)
    with pytest.raises(ConfigError):
        read_manifest(tmp_path / "letter")


def test_what_is_not_there_or_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="theseus backup list"):
        read_manifest(tmp_path / "nothing")
    with pytest.raises(ConfigError, match="is a folder"):
        read_manifest(tmp_path)
