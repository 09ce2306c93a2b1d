"""What every artefact store promises, also where another writer of it is hostile."""

import hashlib
import os
from pathlib import Path

import pytest

from bot.adapters.folder_artefacts import FolderArtefacts
from bot.domain.errors import StoreError
from bot.ports.artefact_store import ArtefactStore


def list_names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


@pytest.fixture
def store(tmp_path: Path) -> ArtefactStore:
    return FolderArtefacts(tmp_path / "artefacts")


async def test_content_is_found_by_its_hash(store: ArtefactStore) -> None:
    key = await store.put(b"a bundle\0")
    assert key == hashlib.sha256(b"a bundle\0").hexdigest()
    assert await store.get(key) == b"a bundle\0"
    assert await store.put(b"a bundle\0") == key
    assert await store.put(b"") != key


async def test_what_is_missing_too_large_or_no_key_is_an_error(
    store: ArtefactStore, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("token")
    key = await store.put(b"12345")
    for wrong in ("0" * 64, "../secret", key.upper(), ""):
        with pytest.raises(StoreError):
            await store.get(wrong)
    with pytest.raises(StoreError, match="larger"):
        await store.get(key, limit=4)


@pytest.mark.parametrize("trap", ["other content", "link", "pipe", "folder"])
async def test_a_trap_in_place_of_an_artefact_is_an_error_and_is_replaced(
    tmp_path: Path, trap: str
) -> None:
    store = FolderArtefacts(tmp_path / "artefacts")
    key = await store.put(b"a transcript")
    file = tmp_path / "artefacts" / key
    file.unlink()
    if trap == "other content":
        file.write_bytes(b"a forged transcript")
    elif trap == "link":
        (tmp_path / "original").write_bytes(b"a transcript")
        file.symlink_to(tmp_path / "original")
    elif trap == "pipe":
        os.mkfifo(file)
    else:
        file.mkdir()
    with pytest.raises(StoreError):
        await store.get(key)
    if trap == "folder":
        with pytest.raises(StoreError, match="cannot store"):
            await store.put(b"a transcript")
        return
    assert await store.put(b"a transcript") == key
    assert await store.get(key) == b"a transcript"
    assert not file.is_symlink()


async def test_only_what_no_one_has_stored_lately_is_removed(tmp_path: Path) -> None:
    store = FolderArtefacts(tmp_path)
    old, used, new = [await store.put(content) for content in (b"old", b"used", b"new")]
    for key in (old, used):
        os.utime(tmp_path / key, (1_000, 1_000))
    await store.put(b"used")
    assert await store.remove_older(3_600) == 1
    assert list_names(tmp_path) == sorted((used, new))
