"""Fetches the public corpora that teach the listener what talk is, checked against their hashes."""

import hashlib
import json
import random
import re
import tomllib
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.hearing_training import Example

CORPORA = Path(__file__).parent / "data" / "hearing_corpora.toml"
_LINE = re.compile(r"\[\d\d:\d\d\] <[^>]+> (?P<text>.{4,})")
_SECONDS = 60
# CLINC150's sentences of these intents may be requests to a bot: decisions, changes of itself.
_AMBIGUOUS = frozenset(
    {
        "are_you_a_bot", "calendar_update", "cancel", "card_declined", "change_accent",
        "change_ai_name", "change_language", "change_speed", "change_user_name", "change_volume",
        "damaged_card", "maybe", "no", "reminder_update", "repeat", "report_lost_card",
        "reset_settings", "sync_device", "todo_list_update", "what_can_i_ask_you",
        "what_is_your_name", "whisper_mode", "who_do_you_work_for", "who_made_you", "yes",
    }
)  # fmt: skip


def read_corpora(folder: Path, manifest: Path = CORPORA) -> Iterator[Example]:
    """Yield the sentences of the corpora as talk; files that `folder` lacks are fetched into it.

    Raises `ValueError` for a file with another hash, and `OSError` if one cannot be fetched.
    """
    described = tomllib.loads(manifest.read_text("utf-8"))
    yield from _read_clinc(described["clinc150"], folder)
    yield from _read_irc(described["ubuntu_irc"], folder)


def _read_clinc(described: Mapping[str, Any], folder: Path) -> Iterator[Example]:
    for entry in described["files"]:
        splits = json.loads(_fetch(entry, folder))
        for sentence, intent in (*splits["train"], *splits["oos_train"]):
            if intent not in _AMBIGUOUS:
                yield Example(sentence, "chat", described["weight"])


def _read_irc(described: Mapping[str, Any], folder: Path) -> Iterator[Example]:
    lines = [
        found["text"]
        for entry in described["files"]
        for line in _fetch(entry, folder).decode("utf-8", "replace").splitlines()
        if (found := _LINE.match(line))
    ]
    chosen = random.Random(7).sample(lines, min(described["lines"], len(lines)))  # noqa: S311
    yield from (Example(line, "chat", described["weight"]) for line in chosen)


def _fetch(entry: Mapping[str, str], folder: Path) -> bytes:
    """Return a file of the folder, fetched first if it is missing. Raises `ValueError`."""
    url, path = entry["url"], folder / entry["url"].rpartition("/")[2]
    if not path.exists():
        with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 - of the manifest
            content: bytes = answer.read()
        _check(content, entry)
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return _check(path.read_bytes(), entry)


def _check(content: bytes, entry: Mapping[str, str]) -> bytes:
    found = hashlib.sha256(content).hexdigest()
    if found != entry["sha256"]:
        raise ValueError(f"{entry['url']}: the hash is {found}, not {entry['sha256']}")
    return content
