"""Tokens of the evidence that a model receives, against pasting the raw log and the failing files.

The log is the journal on disk for the same period; the files are the complete files of the
failure's frames. Both are counted alike: four characters are a token.
"""

import asyncio
import importlib.util
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from theseus_observe.redaction import redact

from bench.rows import Row
from bot.adapters.claude_agent.prompting._texts import render_evidence
from bot.adapters.git_checkout import GitCheckout
from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.sqlite_memory import SqliteMemory
from bot.adapters.system_clock import SystemClock
from bot.domain.evidence import Evidence
from bot.domain.journal import ActionOutcome, Kind
from bot.domain.people import Person, Place
from bot.domain.run import Trigger
from bot.intake import FailureMatcher
from bot.self_improvement.requests.evidence_collector import EvidenceCollector
from bot.self_improvement.requests.rule_diagnosis import diagnose_by_rules
from bot.telemetry import Recorder
from tests.fakes.repositories import commit
from tests.fakes.small_bot_repository import FAIR, FILE, SPIN, make_small_bot

CHARACTERS_A_TOKEN = 4
SIZES = {"small": 40, "busy": 10_000}
FAILS_EVERY = 20


class FailingCall(NamedTuple):
    """A user's action that fails, with its options."""

    name: str
    inputs: dict[str, object]
    call: Callable[[], object]


async def measure() -> Sequence[Row]:
    """Return a row for each size of journal."""
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as folder:
        root = Path(folder) / "checkout"
        head = await asyncio.to_thread(make_repository, root)
        fair = import_file(root / FILE)
        rows = []
        for name, records in SIZES.items():
            told = f"{name} journal, {records:,} records"
            rows.append(
                await _measure_evidence(_Site(Path(folder) / name, root, head), fair, told, records)
            )
        return rows


class _Site(NamedTuple):
    """Where the journal and the repository are, and its newest commit."""

    state: Path
    root: Path
    head: str


def make_repository(root: Path) -> str:
    """Make a repository in which the fault came with the second commit; return the newest."""
    make_small_bot(root)
    commit(root, {FILE: FAIR.replace(*SPIN.edit[1:])}, "Spin: count fields from 1")
    return commit(root, {FILE: FAIR}, "Spin: take the number as it is")


async def _measure_evidence(site: _Site, fair: ModuleType, name: str, records: int) -> Row:
    clock, root = SystemClock(), site.root
    async with (
        NdjsonJournal(site.state, redact=redact) as journal,
        SqliteMemory(site.state / "memory.sqlite3", redact=redact) as memory,
    ):
        recorder = Recorder(journal, clock, root, b"bench", lambda: site.head, redact=redact)
        record_failures(recorder, fair, records)
        lookback = timedelta(hours=24)
        match = FailureMatcher(journal, clock, lookback=lookback).find_evidence
        observe = EvidenceCollector(
            journal, GitCheckout(root), clock, memory, match, lookback=lookback
        )
        evidence = await observe(request(clock.now()))
    pack = render_evidence(evidence, diagnose_by_rules(evidence), request=SPIN.report)
    return _build_row(name, pack, _build_pasted(site.state, root, evidence))


def request(at: datetime) -> Trigger:
    """Return the request of a user who saw it fail."""
    return Trigger(
        key="bench", goal="fix", person=Person(id=1, name="alice"), place=Place(channel_id=1),
        text=SPIN.report, subject=SPIN.command, at=at,
    )  # fmt: skip


def record_failures(recorder: Recorder, fair: ModuleType, records: int = SIZES["small"]) -> None:
    """Record actions, some of which fail as the user reports."""
    for number in range(records):
        _record(recorder, fair, number)


def _build_row(name: str, pack: str, pasted: str) -> Row:
    ours, baseline = _count_tokens(pack), _count_tokens(pasted)
    return Row(
        bench="evidence", name=name, unit="tokens", ours=ours, baseline=baseline,
        baseline_name="raw log and files", ratio=ours / baseline,
    )  # fmt: skip


def _count_tokens(text: str) -> int:
    return len(text) // CHARACTERS_A_TOKEN


def _build_pasted(state: Path, root: Path, evidence: Evidence) -> str:
    """Return what a user would paste instead."""
    logs = sorted((state / "journal").glob("*.ndjson"))
    capsule = evidence.capsule
    assert capsule is not None, "the failure was not found"
    files = dict.fromkeys(root / frame.file for frame in capsule.frames)
    return "\n".join(file.read_text(encoding="utf-8") for file in [*logs, *files])


def _record(recorder: Recorder, fair: ModuleType, number: int) -> None:
    """Record one action: every twentieth fails, most of those in the same way."""
    record = partial(
        recorder.record,
        Kind.COMMAND,
        duration_ms=12.5,
        guild_id=1,
        channel_id=2,
        user_id=number % 7,
    )
    if number % FAILS_EVERY:
        record("greet", ActionOutcome.OK)
        return
    calls = _list_failing_calls(fair)
    failing = calls[number // FAILS_EVERY % len(calls)]
    try:
        failing.call()
    except (IndexError, KeyError, ZeroDivisionError) as error:
        record(failing.name, ActionOutcome.ERROR, error=error, inputs=failing.inputs)


def _list_failing_calls(fair: ModuleType) -> Sequence[FailingCall]:
    spin = FailingCall("spin", {"number": 3}, partial(fair.spin, 3))
    flip = FailingCall("flip", {"side": "rim"}, partial(fair.flip, "rim"))
    share = FailingCall("share", {"sweets": 7, "people": 0}, partial(fair.share, 7, 0))
    return (spin, spin, flip, spin, share)


def import_file(file: Path) -> ModuleType:
    """Import a file that is on no path."""
    spec = importlib.util.spec_from_file_location("bench_fair", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
