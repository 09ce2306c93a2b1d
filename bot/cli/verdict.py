"""`theseus verdict`: compares two journals to judge whether a fix worked."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from bot.cli.output import JsonAnyway, print_error, print_json
from bot.detection.comparison import compare
from bot.domain.errors import ConfigError
from bot.domain.samples import Sample, parse_sample
from bot.domain.watch import Comparison, WatchRules

_NAMED = 10  # bad lines of one file
_EVENTS = 8
_IN_A_FILE = WatchRules(least_minutes=0)
"""Rules without a minimum time: a file is complete, so waiting for more of it is pointless."""


def verdict(
    before: Annotated[Path, typer.Option(help="A journal (NDJSON) from before the fix.")],
    after: Annotated[Path, typer.Option(help="A journal (NDJSON) from after the fix.")],
    event: Annotated[str, typer.Option(help="The event, such as command.roll.")],
    fingerprint: Annotated[
        str | None,
        typer.Option(help="The fingerprint of the fixed failure. Default: all failures."),
    ] = None,
    as_json: JsonAnyway = False,
) -> None:
    """Compare two journals and print as JSON whether a fix worked.

    Example: theseus verdict --before monday.ndjson --after tuesday.ndjson --event command.roll
    """
    judged = judge(before, after, event, fingerprint)
    for problem in judged.problems:
        print_error(problem)
    print_json(judged.to_json(event, fingerprint))


class Judged(NamedTuple):
    """The comparison, and the problems of the files."""

    comparison: Comparison
    problems: tuple[str, ...]

    def to_json(self, event: str, fingerprint: str | None) -> dict[str, Any]:
        """Return the result as JSON data; `p_value` is the value that decided the verdict."""
        found = self.comparison
        values = {"same": found.p_same, "worse": found.p_worse, "slower": found.p_slower}
        return {
            "verdict": found.verdict,
            "event": event,
            "fingerprint": fingerprint,
            "p_value": _select_p_value(found),
            "p_values": values,
            "counts": {
                "before": found.before.model_dump(mode="json"),
                "after": found.after.model_dump(mode="json"),
            },
            "reasons": list(found.reasons),
        }


def judge(before: Path, after: Path, event: str, fingerprint: str | None) -> Judged:
    """Compare two journal files. Lines that are not records are skipped and listed as problems.

    An empty `after` means that there was no traffic. Raises `ConfigError` for a file that is
    missing or not a journal, and for an event that neither file contains.
    """
    was, now = _Side(before, "--before", event), _Side(after, "--after", event)
    if not was.samples and not now.samples:
        known = ", ".join(sorted(was.events | now.events)[:_EVENTS])
        raise ConfigError(
            f"verdict --event {event}: neither file contains this event. They contain: {known}."
        )
    found = compare(
        was.samples,
        now.samples,
        fingerprint,
        _IN_A_FILE,
        before_minutes=was.minutes,
        after_minutes=now.minutes,
    )
    return Judged(found, (*was.problems, *now.problems))


class _Side:
    """The samples of one event in one file, and the minutes that the file covers."""

    def __init__(self, path: Path, option: str, event: str) -> None:
        self.samples: list[Sample] = []
        self.events: set[str] = set()
        self.bad: list[str] = []
        first, last, read = float("inf"), float("-inf"), 0
        for sample in self._read(path, option):
            read += 1
            first, last = min(first, sample.at), max(last, sample.at)
            self.events.add(sample.event)
            if sample.event == event:
                self.samples.append(sample)
        self.minutes = (last - first) / 60 if read else 0.0
        if not read:
            self._handle_empty(path, option)
        more = len(self.bad) - _NAMED
        rest = [f"{path}: {more} more lines skipped"] if more > 0 else []
        self.problems = (*self.bad[:_NAMED], *rest)

    def _handle_empty(self, path: Path, option: str) -> None:
        if self.bad:
            raise ConfigError(f"verdict {option} {path}: it contains no journal record.")
        if option == "--before":
            raise ConfigError(f"verdict {option} {path}: the file is empty; nothing to compare.")
        self.bad.append(f"{path}: the file is empty: no traffic")

    def _read(self, path: Path, option: str) -> Iterator[Sample]:
        try:
            with path.open(encoding="utf-8", errors="replace") as lines:
                for number, line in enumerate(lines, 1):
                    if not line.strip():
                        continue
                    try:
                        yield _sample(line)
                    except (ValueError, RecursionError, OverflowError) as error:
                        self.bad.append(f"{path}:{number}: skipped: {error}")
        except OSError as error:
            what = error.strerror or "cannot be read"
            raise ConfigError(f"verdict {option} {path}: {what}.") from error


def _sample(line: str) -> Sample:
    fields = json.loads(line)
    if not isinstance(fields, dict):
        raise ValueError("a record is a JSON object")  # noqa: TRY004 - the line is bad, not a type
    return parse_sample(fields)


def _select_p_value(found: Comparison) -> float | None:
    """Return the p-value that decided the verdict; for a regression, the smaller of the two."""
    if found.verdict != "regressed":
        return found.p_same
    values = [p for p in (found.p_worse, found.p_slower) if p is not None]
    return min(values, default=None)
