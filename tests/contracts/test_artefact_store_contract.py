"""What every artefact store promises, also where another writer of it is hostile."""

import hashlib
import io
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
import time_machine
from pydantic import SecretStr

from bot.adapters.folder_artefacts import FolderArtefacts
from bot.app.artefacts import open_artefacts
from bot.domain.errors import StoreError
from bot.infra.free_port import find_free_port
from bot.ports.artefact_store import ArtefactStore
from bot.settings import ArtefactPlace, StoreKeys
from tests.support.s3_server import ACCESS_KEY, BUCKET, SECRET_KEY, open_client, serve_s3

HOUR = 3_600


class Place(Protocol):
    """A store, and what another writer of its place can do."""

    store: ArtefactStore

    def exchange(self, key: str, content: bytes) -> None:
        """Put other content in the place of an artefact."""
        ...

    def list_keys(self) -> list[str]:
        """Return the keys that are there."""
        ...


class FolderPlace:
    """A folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.store: ArtefactStore = FolderArtefacts(folder)

    def exchange(self, key: str, content: bytes) -> None:
        (self._folder / key).write_bytes(content)

    def list_keys(self) -> list[str]:
        return sorted(each.name for each in self._folder.iterdir())


def open_bucket(address: str, prefix: str) -> ArtefactStore:
    keys = StoreKeys(access_key=SecretStr(ACCESS_KEY), secret_key=SecretStr(SECRET_KEY))
    place = ArtefactPlace(artefacts=f"s3://{BUCKET}/{prefix}", artefacts_endpoint=address)
    return open_artefacts(place, Path(), keys)


class BucketPlace:
    """A part of a bucket."""

    def __init__(self, address: str) -> None:
        self._client = open_client(address)
        self._prefix = f"{secrets.token_hex(4)}/work"
        self.store = open_bucket(address, self._prefix)
        self._prefix += "/"

    def exchange(self, key: str, content: bytes) -> None:
        self._client.put_object(BUCKET, self._prefix + key, io.BytesIO(content), len(content))

    def list_keys(self) -> list[str]:
        found = self._client.list_objects(BUCKET, self._prefix, recursive=True)
        return sorted(each.object_name.removeprefix(self._prefix) for each in found)


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with serve_s3() as address:
        yield address


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        return FolderPlace(tmp_path / "artefacts")
    return BucketPlace(request.getfixturevalue("s3"))


async def test_content_is_found_by_its_hash(place: Place) -> None:
    store = place.store
    key = await store.put(b"a bundle\0")
    assert key == hashlib.sha256(b"a bundle\0").hexdigest()
    assert await store.get(key) == b"a bundle\0"
    assert await store.put(b"a bundle\0") == key
    empty = await store.put(b"")
    assert await store.get(empty) == b""
    assert place.list_keys() == sorted((key, empty))


async def test_what_is_missing_too_large_or_no_key_is_an_error(place: Place) -> None:
    store = place.store
    key = await store.put(b"12345")
    for wrong in ("0" * 64, "../secret", key.upper(), ""):
        with pytest.raises(StoreError):
            await store.get(wrong)
    with pytest.raises(StoreError, match="larger"):
        await store.get(key, limit=4)
    assert await store.get(key, limit=5) == b"12345"


async def test_exchanged_content_is_an_error_and_is_replaced(place: Place) -> None:
    key = await place.store.put(b"a transcript")
    for other in (b"a forged transcript", b"", b"a transcripT"):
        place.exchange(key, other)
        with pytest.raises(StoreError, match="does not have the content"):
            await place.store.get(key)
    assert await place.store.put(b"a transcript") == key
    assert await place.store.get(key) == b"a transcript"


@pytest.mark.parametrize("trap", ["link", "pipe", "folder"])
async def test_a_trap_in_place_of_a_file_is_an_error_and_is_replaced(
    tmp_path: Path, trap: str
) -> None:
    store = FolderArtefacts(tmp_path / "artefacts")
    key = await store.put(b"a transcript")
    file = tmp_path / "artefacts" / key
    file.unlink()
    if trap == "link":
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
    assert await store.remove_older(HOUR) == 1
    assert FolderPlace(tmp_path).list_keys() == sorted((used, new))


@pytest.mark.slow
async def test_only_objects_that_no_one_has_stored_lately_are_removed(s3: str) -> None:
    place = BucketPlace(s3)
    neighbour = open_bucket(s3, "neighbour")
    with time_machine.travel("2026-01-02 03:04:05", tick=True):  # the store's clock as well
        for content in (b"old", b"used"):
            await place.store.put(content)
        key = await neighbour.put(b"old")
    new, used = [await place.store.put(content) for content in (b"new", b"used")]
    assert await place.store.remove_older(HOUR) == 1
    assert place.list_keys() == sorted((used, new))
    assert await neighbour.get(key) == b"old"


@pytest.mark.slow
async def test_a_bucket_without_a_server_or_of_others_is_an_error_that_shows_no_key(
    s3: str,
) -> None:
    away = open_bucket(f"http://127.0.0.1:{find_free_port()}", "work")
    absent = ArtefactPlace(artefacts="s3://another-bucket", artefacts_endpoint=s3)
    keys = StoreKeys(access_key=SecretStr(ACCESS_KEY), secret_key=SecretStr(SECRET_KEY))
    for store in (away, open_artefacts(absent, Path(), keys)):
        for call in (store.put(b"content"), store.get("0" * 64), store.remove_older(1)):
            with pytest.raises(StoreError) as error:
                await call
            assert SECRET_KEY not in str(error.value)
