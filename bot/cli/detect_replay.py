"""Replays a journal file through the anomaly rules, for `theseus detect`."""

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
"""The number of bad lines that are reported one by one."""

_SHORT = 200

Warn = Callable[[str], None]


def replay(source: str, thresholds: Thresholds, warn: Warn) -> tuple[Anomaly, ...]:
    """Return the anomalies in a journal file, or in standard input for `-`, oldest first.

    A line that is not a record is reported to `warn` and skipped. Raises `ConfigError` if the file
    cannot be read or contains no record.
    """
    detector, found, newest = Detector(thresholds), list[Anomaly](), None
    for sample in _read_samples(source, warn):
        found += detector.see(sample)
        newest = sample.at
    if newest is None:
        raise ConfigError(f"detect --replay {source}: it contains no journal record.")
    # The detector sets samples with a jump in time aside until others confirm the new time. The
    # file has no more samples, so the ones set aside count now.
    if detector.now is not None:
        found += detector.tick(max(newest, detector.now))
    return tuple(found)


def load_thresholds(file: Path | None, root: Path, variables: Mapping[str, str]) -> Thresholds:
    """Return the thresholds of `file`, or of the configuration in `root`, or the defaults.

    Raises `ConfigError` if a file that was named by a person cannot be read.
    """
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
        raise ConfigError(f"detect: cannot read the configuration {file} ({error}).") from error
    return parse_thresholds(text, str(file), required=required)


def _read_samples(source: str, warn: Warn) -> Iterator[Sample]:
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
                        warn(f"{name}, line {number}: skipped: {str(error)[:_SHORT]}")
                    continue
                yield sample
    except OSError as error:
        why = error.strerror or "cannot be read"
        raise ConfigError(
            f"detect --replay {source}: {why}. Name a journal file such as "
            "data/state/journal/2026-01-31.ndjson, or - for standard input."
        ) from error
    if bad > NAMED:
        warn(f"{name}: {bad - NAMED} more lines skipped")


def _open_source(source: str) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if source == "-" else Path(source).open("rb")


def _sample(line: bytes) -> Sample:
    fields = json.loads(line.removeprefix(b"\xef\xbb\xbf"))
    if not isinstance(fields, dict):
        raise ValueError("a record is a JSON object")  # noqa: TRY004  the line is bad, not a type
    return parse_sample(fields)
