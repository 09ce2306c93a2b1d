"""The corpora of the listener: fetched once, and refused if they have another hash."""

import hashlib
import json
from pathlib import Path

import pytest

from bench.hearing_corpora import read_corpora

CLINC = json.dumps(
    {
        "train": [["what a day", "small_talk"], ["cancel that", "cancel"]],
        "oos_train": [["hm", "oos"]],
    }
).encode()
IRC = b"=== topic\n[12:00] <ada> wine does not start\n[12:01] <bob> no\n"


def describe(folder: Path, *, clinc: bytes = CLINC) -> Path:
    """Write both corpora to a folder, and return a manifest of them."""
    lines = []
    for name, weight, content in (("clinc150", 0.5, clinc), ("ubuntu_irc", 0.3, IRC)):
        file = folder / f"{name}.txt"
        file.write_bytes(CLINC if name == "clinc150" else IRC)
        digest = hashlib.sha256(content).hexdigest()
        lines += [f"[{name}]", f"weight = {weight}", "lines = 5"]
        lines += [f"[[{name}.files]]", f'url = "{file.as_uri()}"', f'sha256 = "{digest}"']
    manifest = folder / "corpora.toml"
    manifest.write_text("\n".join(lines))
    return manifest


def test_sentences_are_talk_and_ambiguous_ones_are_left_out(tmp_path: Path) -> None:
    manifest, kept = describe(tmp_path), tmp_path / "kept"
    found = list(read_corpora(kept, manifest))
    assert [(each.text, each.label, each.weight) for each in found] == [
        ("what a day", "chat", 0.5), ("hm", "chat", 0.5), ("wine does not start", "chat", 0.3),
    ]  # fmt: skip
    for file in tmp_path.glob("*.txt"):
        file.unlink()
    assert list(read_corpora(kept, manifest)) == found  # the kept files are read


def test_another_file_than_described_is_refused_and_not_kept(tmp_path: Path) -> None:
    manifest, kept = describe(tmp_path, clinc=b"another file"), tmp_path / "kept"
    with pytest.raises(ValueError, match="the hash is"):
        list(read_corpora(kept, manifest))
    assert not list(kept.glob("*"))
