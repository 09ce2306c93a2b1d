"""`theseus detect`: what the rules would have told, had they seen a journal from wherever."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO

from bot.detection import Detector
from bot.domain.anomaly import Anomaly
from bot.domain.errors import ConfigError
from bot.domain.samples import Sample, parse_sample
from bot.domain.thresholds import Thresholds
from bot.settings import parse_thresholds, read_environment

NAMED = 20
"""Bad lines that are told one by one."""

_SHORT = 200

Complain = Callable[[str], None]


def replay(source: str, thresholds: Thresholds, warn: Complain) -> tuple[Anomaly, ...]:
    """Judge a journal file, or standard input for `-`, line by line; oldest first.

    A line that is no record is told to `complain` and passed over. Raises `ConfigError` when the
    file cannot be read or holds no record at all.
    """
    detector, found, newest = Detector(thresholds), list[Anomaly](), None
    for sample in _read_samples(source, warn):
        found += detector.see(sample)
        newest = sample.at
    if newest is None:
        raise ConfigError(f"detect --replay {source}: there is no journal record in it.")
    if detector.now is not None:  # what was put aside at the end is all there is
        found += detector.tick(max(newest, detector.now))
    return tuple(found)


def load_thresholds(file: Path | None, root: Path, variables: Mapping[str, str]) -> Thresholds:
    """Return the thresholds of a configuration file, or of the present folder's if it has one."""
    if file is not None:
        return _read(file, required=True)
    present = root / read_environment(variables, root / ".env").theseus_config.expanduser()
    if not present.exists() and "THESEUS_CONFIG" not in variables:
        return Thresholds()
    return _read(present, required=False)


def _read(file: Path, *, required: bool) -> Thresholds:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"detect: the configuration {file} cannot be read ({error}).") from error
    return parse_thresholds(text, str(file), required=required)


def _read_samples(source: str, warn: Complain) -> Iterator[Sample]:
    name, bad = "standard input" if source == "-" else source, 0
    try:
        with _open_source(source) as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                try:
                    sample = _sample(line)
                except (ValueError, RecursionError, OverflowError) as error:
                    bad += 1
                    if bad <= NAMED:
                        warn(f"{name}, line {number}: passed over: {str(error)[:_SHORT]}")
                    continue
                yield sample
    except OSError as error:
        why = error.strerror or "cannot be read"
        raise ConfigError(
            f"detect --replay {source}: {why}; give a journal file such as "
            "data/state/journal/2026-01-31.ndjson, or - for standard input."
        ) from error
    if bad > NAMED:
        warn(f"{name}: {bad - NAMED} more lines passed over")


def _open_source(source: str) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if source == "-" else Path(source).open("rb")


def _sample(line: bytes) -> Sample:
    fields = json.loads(line.removeprefix(b"\xef\xbb\xbf"))
    if not isinstance(fields, dict):
        raise ValueError("a record is a JSON object")  # noqa: TRY004  the line is bad, not a type
    return parse_sample(fields)
