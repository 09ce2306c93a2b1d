"""Measures which failure a report is matched with, and which note answers a question.

    python -m bench.matching FOLDER [--words]

FOLDER has `pairs.tsv` (report, command, exception, message, `file:function`) and `memory.tsv`
(note, question). All failures of the pairs have happened; every note is stored. A report of a
pair is

- right, if its failure is matched for certain;
- asked back, if its failure is among the buttons;
- missed, if it is not, or there are none;
- wrong, if another failure is matched for certain.

`--words` measures without the encoder of the extra `hearing`.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from theseus_rehearsal.sandbox import PlainSandbox

from bot.adapters.sentence_encoder import SentenceEncoder, find_encoder
from bot.adapters.sqlite_memory import SqliteMemory
from bot.domain.errors import PortError
from bot.domain.evidence import Evidence
from bot.domain.journal import Action, ActionOutcome, Capsule, FailureGroup, Frame, Kind
from bot.domain.memory import Memory
from bot.domain.people import Person, Place
from bot.domain.run import Trigger
from bot.grammar import COMMAND_LINE
from bot.grammar.matching import match_failures
from bot.intake.failure_ranking import rank_likely_failures
from bot.listener.second_opinion import understand
from bot.memory.note_search import find_notes
from bot.ports.meaning_rater import MeaningRater

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_NOBODY = Person(id=1, name="somebody")
_LIKELY = 4  # as `bot.intake.failures` passes them on
_TOP = 3


@dataclass(frozen=True)
class Pair:
    """A report, and the failure that it is about."""

    report: str
    failure: FailureGroup


def read_pairs(file: Path) -> list[Pair]:
    """Read the pairs. Raises `OSError`, and `ValueError` that names the line that is wrong."""
    groups: dict[tuple[str, ...], FailureGroup] = {}
    pairs = []
    for report, *cells in _read_rows(file, 5):
        failure = groups.setdefault(tuple(cells), _build_group(len(groups), *cells))
        pairs.append(Pair(report, failure))
    return pairs


def _read_rows(file: Path, cells: int) -> Iterable[list[str]]:
    for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
        row = line.split("\t")
        if len(row) != cells:
            raise ValueError(f"{file}, line {number}: expected {cells} cells, found {len(row)}")
        yield row


def _build_group(number: int, name: str, exception: str, message: str, place: str) -> FailureGroup:
    file, _, function = place.partition(":")
    kind = Kind.COMMAND if name.startswith("/") else Kind.TASK
    if name.startswith("on_"):
        kind = Kind.LISTENER
    name = name.removeprefix("/")
    frame = Frame(file=file, line=1, function=function, arguments={})
    capsule = Capsule(
        exception=exception, message=message, fingerprint=f"f{number}", frames=(frame,)
    )
    action = Action(
        ts=_AT + timedelta(minutes=number), id=f"{number:026}", event=f"{kind.value}.{name}",
        kind=kind, name=name, outcome=ActionOutcome.ERROR, error=capsule,
    )  # fmt: skip
    return FailureGroup(
        fingerprint=capsule.fingerprint, event=action.event, count=1, first_seen=action.ts,
        last_seen=action.ts, newest=action, action_ids=(action.id,),
    )  # fmt: skip


async def measure_pairs(
    pairs: Sequence[Pair], rater: MeaningRater | None
) -> tuple[Counter[str], list[str]]:
    """Return how many are right, asked back, missed and wrong, and a line for each that is not."""
    failures = tuple({each.failure.fingerprint: each.failure for each in pairs}.values())
    commands = [each.newest.name for each in failures if each.newest.kind is Kind.COMMAND]
    counts: Counter[str] = Counter()
    lines = []
    for pair in pairs:
        match = match_failures(build_trigger(pair.report), failures, None, commands)
        evidence = Evidence(base="", likely=match.likely[:_LIKELY], idle=match.idle)
        if rater is not None and not match.groups:
            evidence = await rank_likely_failures(rater, pair.report, evidence, failures)
        if match.groups:
            kind = "right" if match.groups[0] == pair.failure else "wrong"
        else:
            kind = "asked back" if pair.failure in evidence.likely else "missed"
        counts[kind] += 1
        counts["top three"] += kind == "right" or pair.failure in evidence.likely[:_TOP]
        if kind in ("missed", "wrong"):
            lines.append(f"{kind}: {pair.report} ({pair.failure.newest.name})")
    return counts, lines


def build_trigger(report: str) -> Trigger:
    """Understand a report, and return the request that it makes."""
    subject = understand(report, COMMAND_LINE).slots.subject or report
    return Trigger(
        key=report, goal="investigate", person=_NOBODY, place=Place(channel_id=1), text=report,
        subject=subject, at=_AT,
    )  # fmt: skip


async def measure_memory(
    rows: Sequence[Sequence[str]], rater: MeaningRater | None
) -> tuple[Counter[str], list[str]]:
    """Return how many questions find their note first, among others, not, or only others.

    Each question is asked again after its note was forgotten: an answer then is made up.
    """
    counts: Counter[str] = Counter()
    lines = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="theseus-bench-")))
        store = await stack.enter_async_context(SqliteMemory(folder / "memory", redact=str))
        notes = [
            Memory(key=f"note:{number}", kind="note", text=note, at=_AT + timedelta(hours=number))
            for number, (note, _) in enumerate(rows)
        ]
        await store.remember_all(notes)
        for note, (_, question) in zip(notes, rows, strict=True):
            found = [each.key for each in await find_notes(store, rater, question)]
            kind = _judge_notes(found, note.key)
            counts[kind] += 1
            if kind != "right":
                lines.append(f"{kind}: {question} ({note.text})")
            await store.forget(note.key)
            counts["answered without its note"] += bool(await find_notes(store, rater, question))
            await store.remember(note)
    return counts, lines


def _judge_notes(found: Sequence[str], key: str) -> str:
    if key in found:
        return "right" if found[0] == key else "among others"
    return "wrong" if found else "missed"


async def measure(folder: Path, rater: MeaningRater | None) -> Iterable[str]:
    """Return what was measured, as lines. Raises `OSError`, `ValueError`."""
    pairs = read_pairs(folder / "pairs.tsv")
    rows = list(_read_rows(folder / "memory.tsv", 2))
    began = time.perf_counter()
    counts, lines = await measure_pairs(pairs, rater)
    each = (time.perf_counter() - began) / max(1, len(pairs)) * 1000
    asked, missing = await measure_memory(rows, rater)
    total = f"{len(pairs)} reports, {each:.0f} ms each: {_format(counts)}"
    return (total, *lines, f"{len(rows)} questions: {_format(asked)}", *missing)


def _format(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))


async def _run(folder: Path, *, words: bool) -> Iterable[str]:
    if words:
        return await measure(folder, None)
    async with SentenceEncoder(find_encoder(), PlainSandbox(), seconds=60) as encoder:
        return await measure(folder, encoder)


def main() -> None:
    """Measure what the command line says."""
    parser = argparse.ArgumentParser(prog="bench.matching", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folder", type=Path)
    parser.add_argument("--words", action="store_true", help="without the encoder")
    options = parser.parse_args()
    try:
        lines = asyncio.run(_run(options.folder, words=options.words))
    except (OSError, ValueError, PortError) as error:
        sys.exit(f"bench.matching: {error}")
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    main()
