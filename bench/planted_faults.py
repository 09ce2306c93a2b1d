"""The results for planted faults that the repair was not developed with: sound, wrong, none, asked.

Each is deployed to a bot with the offline engine, met and reported (`fault_runs`). A fix is sound
if it answers every judge's script, which the bot does not know, like the code without the fault.
`python -m bench planted-faults` prints the results; all of them take some hours.
"""

import sys
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.fault_runs import SECONDS, RepairOutcome, repair_fault
from bench.faults import Fault, read_faults
from bench.rows import Row
from bench.script_data import extract_tree, open_rehearsal
from bot.domain.errors import ConfigError

SAMPLE = 3
"""How many are tried where nobody says which."""


async def measure() -> Sequence[Row]:
    """Return rows for the first fault of a few kinds."""
    return await measure_faults(choose_faults(1)[:SAMPLE])


def choose_faults(each: int, names: Collection[str] = ()) -> tuple[Fault, ...]:
    """Return so many faults of each kind, or those with these names."""
    if names:
        return tuple(fault for fault in read_faults() if fault.name in names)
    known: dict[str, list[Fault]] = {}
    for fault in read_faults():
        known.setdefault(fault.kind, []).append(fault)
    return tuple(fault for kind in known.values() for fault in kind[:each])


async def measure_faults(
    faults: Sequence[Fault], seconds: float = SECONDS, *, old: bool = False
) -> Sequence[Row]:
    """Return a row per kind; report the result of each fault as soon as it is known."""
    done: list[RepairOutcome] = []
    async for each in _repair_faults(faults, seconds, old=old):
        sys.stderr.write(f"{each.line}\n")
        done.append(each)
    return list(_build_rows(done))


async def _repair_faults(
    faults: Sequence[Fault], seconds: float, *, old: bool
) -> AsyncIterator[RepairOutcome]:
    rehearsal = await open_rehearsal()
    with TemporaryDirectory(prefix="theseus-bench-", ignore_cleanup_errors=True) as folder:
        tree = await extract_tree(Path(folder) / "tree")
        for fault in faults:
            try:
                yield await repair_fault(fault, tree, rehearsal, seconds, old=old)
            except ConfigError as error:  # not the fault's doing: others have the machine
                yield RepairOutcome(fault, "late", str(error).splitlines()[0])


def _build_rows(done: Sequence[RepairOutcome]) -> Iterator[Row]:
    kinds = dict.fromkeys(each.fault.kind for each in done)
    for kind in kinds:
        yield _build_row(f"  {kind}", [each for each in done if each.fault.kind == kind])
    yield _build_row("all kinds", done)


def _build_row(name: str, done: Sequence[RepairOutcome]) -> Row:
    """Return how many are sound of how many; the name says what the others are."""
    counts = {
        word: sum(each.result == word for each in done)
        for word in ("wrong", "none", "asked", "late")
    }
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    sound = len(done) - sum(counts.values())
    return Row(
        bench="planted-faults", name=f"{name}: sound" + (f" ({told})" if told else ""),
        unit="faults", ours=sound, baseline=len(done), baseline_name="planted",
        ratio=sound / len(done),
    )  # fmt: skip
