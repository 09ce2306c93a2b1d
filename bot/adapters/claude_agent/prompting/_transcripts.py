"""Finds, reads and removes the program's stored conversations."""

import json
import os
import shutil
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

_LONGEST = 16 * 1024 * 1024  # characters of one line
_OURS = uuid.UUID("6f1c2f6e-6a4b-4a52-9a57-3a1d3a0b6c11")


def build_conversation_id(name: str) -> str:
    """Return the fixed id for a conversation's name."""
    return str(uuid.uuid5(_OURS, name))


@dataclass(frozen=True)
class TranscriptUsage:
    """The usage that a transcript has recorded."""

    cost_usd: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0


def get_own_folder(home: Path, conversation: str) -> Path:
    """Return the folder that only one conversation's program can see."""
    return home / "talks" / conversation


class Transcripts:
    """The transcripts in the program's `home`. The program wrote them, so they are not trusted."""

    def __init__(self, home: Path) -> None:
        """Store the folder; nothing is read yet."""
        self._home = home

    def find(self, name: str) -> Path | None:
        """Return the transcript of that conversation, or `None` if it is missing or empty."""
        conversation = build_conversation_id(name)
        projects = get_own_folder(self._home, conversation) / "config" / "projects"
        for path in projects.glob(f"*/{conversation}.jsonl"):
            with suppress(OSError):
                if stat.S_ISREG(path.lstat().st_mode) and path.lstat().st_size:
                    return path
        return None

    def forget(self, name: str) -> None:
        """Remove everything that is stored of that conversation."""
        self._remove(build_conversation_id(name))

    def tidy(self, older_than: timedelta) -> int:
        """Remove conversations that are unused for longer than that; return their number."""
        before = time.time() - older_than.total_seconds()
        old = [path.name for path in self._home.glob("talks/*") if _is_older(path, before)]
        for conversation in old:
            self._remove(conversation)
        for pipe in self._home.glob("lifelines/*"):
            if _is_older(pipe, before):
                pipe.unlink(missing_ok=True)
        return len(old)

    def _remove(self, conversation: str) -> None:
        shutil.rmtree(get_own_folder(self._home, conversation), ignore_errors=True)
        (self._home / "bin" / conversation).unlink(missing_ok=True)


def read_usage(transcript: Path | None) -> TranscriptUsage:
    """Return the usage of the whole conversation, as recorded at its latest update.

    The program continues this count when it continues the conversation.
    """
    usage = TranscriptUsage()
    for line in _iterate_lines(transcript):
        if line.get("type") == "cost-state":
            models = line.get("modelUsage")
            rows = list(models.values()) if isinstance(models, dict) else []
            usage = TranscriptUsage(_get_number(line, "totalCostUSD"), *sum_tokens(rows))
    return usage


def sum_tokens(rows: list[object]) -> tuple[int, int]:
    """Return the input and output tokens of all models; cached tokens count as input."""
    counted = [row for row in rows if isinstance(row, dict)]
    fields = ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens")
    tokens_in = sum(int(_get_number(row, field)) for row in counted for field in fields)
    return tokens_in, sum(int(_get_number(row, "outputTokens")) for row in counted)


def _iterate_lines(transcript: Path | None) -> Iterator[dict[str, object]]:
    if transcript is None:
        return
    try:
        # Do not follow a link or wait for a pipe: the program may have put one there.
        descriptor = os.open(transcript, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, encoding="utf-8", errors="replace") as lines:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return
            while line := lines.readline(_LONGEST):
                if '"cost-state"' in line:
                    with suppress(ValueError):
                        record = json.loads(line)
                        if isinstance(record, dict):
                            yield record
    except OSError:
        return


def _get_number(row: dict[str, object], field: str) -> float:
    value = row.get(field)
    return float(value) if isinstance(value, int | float) else 0.0


def _is_older(path: Path, before: float) -> bool:
    """Return whether neither the path nor its transcript was changed since `before`."""
    try:
        return all(item.lstat().st_mtime < before for item in (path, *_find_transcripts(path)))
    except OSError:
        return False


def _find_transcripts(own: Path) -> Iterator[Path]:
    yield from own.glob(f"config/projects/*/{own.name}.jsonl")
