"""Archives of the state: what is restored is compared with its manifest, or refused."""

import gzip
import hashlib
import io
import json
import shutil
import tarfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bot.adapters.state_backups._extraction import extract, read_manifest
from bot.domain.errors import ConfigError
from tests.fuzz.judge import Case
from tests.fuzz.variation import Choices, vary_bytes, vary_value

_ROOM = 1_000_000
_CONTENT = b'{"a": 1}\n'
MANIFEST: dict[str, Any] = {
    "format": 1, "made_at": "2026-11-26T20:00:00Z", "commit": "a" * 40,
    "files": [{"name": "journal/2026-11-26.ndjson", "size": len(_CONTENT),
               "sha256": hashlib.sha256(_CONTENT).hexdigest()}],
    "left_out": [{"name": "x.sock", "why": "a socket"}],
}  # fmt: skip


def build(folder: Path, stack: ExitStack) -> Case:
    """Return a case: an archive with changed bytes or a changed manifest; none writes elsewhere."""
    folder = folder / "archives"
    folder.mkdir()
    place, into = folder / "backup.tar.gz", folder / "restored"

    def restore(data: bytes) -> None:
        choices = Choices(data)
        place.write_bytes(_build_archive(choices))
        into.mkdir()
        try:
            read_manifest(place)
            extract(place, into, room=_ROOM)
        except ConfigError:
            pass
        finally:
            shutil.rmtree(into)
        if [*folder.glob("*")] != [place]:
            raise AssertionError("an archive has written outside of its folder")
        place.unlink()

    return restore


def _build_archive(choices: Choices) -> bytes:
    """Return an archive; its tar is varied, or its manifest, or the compressed bytes."""
    how = choices.take_number(4)
    manifest: Any = vary_value(MANIFEST, choices) if how == 0 else MANIFEST
    names = [entry["name"] for entry in MANIFEST["files"]]
    if how == 0 and isinstance(manifest, dict) and isinstance(manifest.get("files"), list):
        names = [str(each.get("name", "")) for each in manifest["files"] if isinstance(each, dict)]
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        members = [("manifest.json", json.dumps(manifest).encode())]
        members += [(f"state/{name}", _CONTENT) for name in names]
        for name, content in members:
            member = tarfile.TarInfo(name.encode("utf-8", "replace").decode())
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    tar = made.getvalue()
    if how == 1:
        tar = vary_bytes(tar[:2_048], choices) + tar[2_048:]
    compressed = gzip.compress(tar, 1, mtime=0)
    return vary_bytes(compressed, choices) if how == 2 else compressed
