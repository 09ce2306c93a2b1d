"""What the program keeps of conversations, in its own folder: found, read for costs, removed."""

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
    """Return the fixed id of the conversation of that name."""
    return str(uuid.uuid5(_OURS, name))


@dataclass(frozen=True)
class TranscriptUsage:
    """What a transcript says was used by the time it was written."""

    cost_usd: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0


def get_own_folder(home: Path, conversation: str) -> Path:
    """Return the folder that one conversation's program has to itself, and no other sees."""
    return home / "talks" / conversation


class Transcripts:
    """The transcripts under the program's `home`. What is in them a program wrote: read warily."""

    def __init__(self, home: Path) -> None:
        """Read nothing yet."""
        self._home = home

    def find(self, name: str) -> Path | None:
        """Return the transcript of that conversation, if there is one with something in it."""
        conversation = build_conversation_id(name)
        projects = get_own_folder(self._home, conversation) / "config" / "projects"
        for path in projects.glob(f"*/{conversation}.jsonl"):
            with suppress(OSError):
                if stat.S_ISREG(path.lstat().st_mode) and path.lstat().st_size:
                    return path
        return None

    def forget(self, name: str) -> None:
        """Remove all that is kept of that conversation."""
        self._remove(build_conversation_id(name))

    def tidy(self, older_than: timedelta) -> int:
        """Remove conversations nobody spoke in for so long; return how many."""
        before = time.time() - older_than.total_seconds()
        old = [path.name for path in self._home.glob("talks/*") if _is_older(path, before)]
        for each in old:
            self._remove(each)
        for pipe in self._home.glob("lifelines/*"):
            if _is_older(pipe, before):
                pipe.unlink(missing_ok=True)
        return len(old)

    def _remove(self, conversation: str) -> None:
        shutil.rmtree(get_own_folder(self._home, conversation), ignore_errors=True)
        (self._home / "bin" / conversation).unlink(missing_ok=True)


def read_usage(transcript: Path | None) -> TranscriptUsage:
    """Return what the transcript says was used in the whole conversation, as of its last word.

    The program counts on from there when it goes on with the conversation.
    """
    told = TranscriptUsage()
    for line in _iterate_lines(transcript):
        if line.get("type") == "cost-state":
            models = line.get("modelUsage")
            rows = list(models.values()) if isinstance(models, dict) else []
            told = TranscriptUsage(_get_number(line, "totalCostUSD"), *sum_tokens(rows))
    return told


def sum_tokens(rows: list[object]) -> tuple[int, int]:
    """Return the tokens in and out of all models together; reading a cache is tokens in."""
    counted = [row for row in rows if isinstance(row, dict)]
    fields = ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens")
    tokens_in = sum(int(_get_number(row, field)) for row in counted for field in fields)
    return tokens_in, sum(int(_get_number(row, "outputTokens")) for row in counted)


def _iterate_lines(transcript: Path | None) -> Iterator[dict[str, object]]:
    if transcript is None:
        return
    try:
        # Neither through a link nor waiting for a pipe: a program may have put one there.
        descriptor = os.open(transcript, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, encoding="utf-8", errors="replace") as lines:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return
            while line := lines.readline(_LONGEST):
                if '"cost-state"' in line:
                    with suppress(ValueError):
                        found = json.loads(line)
                        if isinstance(found, dict):
                            yield found
    except OSError:
        return


def _get_number(row: dict[str, object], field: str) -> float:
    value = row.get(field)
    return float(value) if isinstance(value, int | float) else 0.0


def _is_older(path: Path, before: float) -> bool:
    """Whether neither a file or folder nor the transcript in it was touched since."""
    try:
        return all(each.lstat().st_mtime < before for each in (path, *_find_transcripts(path)))
    except OSError:
        return False


def _find_transcripts(own: Path) -> Iterator[Path]:
    yield from own.glob(f"config/projects/*/{own.name}.jsonl")
