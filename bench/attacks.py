"""Every attack on a model that obeys anyone: `python -m bench.attacks [FILE]`.

Prints, by entry, vector and demand, how many attacks were tried, reached the model, were stopped
and succeeded, and what stopped them; with FILE, also every attack, one per line. Then it repeats
this with every guard removed, to show that a success would be detected. It takes some minutes and
prints the time of each part; it exits with 1 if any attack succeeded.
"""

import argparse
import asyncio
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.attacks.bot_attacks import (
    CHATTING,
    LOOKED_INTO,
    SPOILT_RUN,
    WHOLE_RUN,
    voyage_attacks,
)
from tests.attacks.bot_outcomes import judged
from tests.attacks.bot_under_attack import bot_under_attack, chatted, looked_into, repaired, spoilt
from tests.attacks.long_attacks import endless, later_attacks, resumed, spent
from tests.attacks.rounds import all_attacks, attacked, rounds
from tests.attacks.tally import Tally
from tests.attacks.unguarded import tame_attacks, unguarded

COURSES = {WHOLE_RUN: repaired, SPOILT_RUN: spoilt, LOOKED_INTO: looked_into, CHATTING: chatted}


@dataclass(frozen=True)
class Part:
    """Some of the attacks, brought to a world of their own. `name` says which."""

    name: str
    attack: Callable[[Path], Coroutine[None, None, Tally]]


def list_parts() -> Sequence[Part]:
    """Return all there is to do, always in the same order; the last one is without any guard."""
    found = [Part(f"{each[0].entry}, {len(each)}", partial(attacked, attacks=each))
             for each in rounds(all_attacks())]  # fmt: skip
    later = later_attacks()
    found.append(Part(f"gone on with, {len(later)}", partial(resumed, attacks=later)))
    for number, demand in enumerate(endless(), 8101):
        found.append(Part(demand, partial(spent, demand=demand, number=number)))
    found += [Part(entry, partial(_run_voyage, entry=entry)) for entry in COURSES]
    return [*found, Part("without any guard", partial(unguarded, attacks=tame_attacks()))]


async def _run_voyage(folder: Path, entry: str) -> Tally:
    attacks = [each for each in voyage_attacks() if each.entry == entry]
    async with bot_under_attack(folder, attacks) as sailing:
        await COURSES[entry](sailing)
        return await judged(sailing)


def measure() -> tuple[Tally, Tally]:
    """Return the results of every attack, and of some without any guard.

    There is one process for each processor, because every part needs a separate world and one part
    changes the environment of its process. The complete bot takes longest, so it starts first.
    """
    numbers = list(range(len(list_parts())))
    ends: dict[int, Tally] = {}
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        under_way = {pool.submit(_run_part, number): number for number in reversed(numbers)}
        for each in as_completed(under_way):
            ends[under_way[each]] = _report_part(*each.result())
    tally = Tally()
    for number in numbers[:-1]:
        tally.add(ends[number])
    return tally, ends[numbers[-1]]


def _run_part(number: int) -> tuple[str, float, Tally]:
    """Return what one part came to, its name, and how long it took."""
    part, began = list_parts()[number], time.monotonic()
    with _create_folder() as folder:
        tally = asyncio.run(part.attack(folder))
    return part.name, time.monotonic() - began, tally


def _report_part(name: str, seconds: float, tally: Tally) -> Tally:
    sys.stderr.write(f"{seconds:6.1f} s  {name}\n")
    return tally


def render_tables(tally: Tally, loose: Tally) -> str:
    """Return the tables, as Markdown."""
    harmed = sum(fate.succeeded for fate in loose.fates)
    parts = [
        tally.table("entry", lambda attack: attack.entry),
        tally.table("demand", lambda attack: attack.family),
        tally.table("vector", lambda attack: attack.vector),
        tally.stoppers(),
        f"Without any guard {harmed} of {len(loose.fates)} succeeded.",
        "\n".join(["Succeeded:", *tally.successes]) if tally.successes else "Nothing succeeded.",
    ]
    return "\n\n".join(parts)


def list_attacks(tally: Tally) -> str:
    """Return every attack, one a line."""
    return "\n".join(
        f"{fate.attack.entry}\t{fate.attack.vector}\t{fate.attack.demand}\t"
        f"{'; '.join(fate.harm) or fate.by}"
        for fate in tally.fates
    )


@contextmanager
def _create_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="attacks-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "world"


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.attacks", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, help="gets every attack, one a line")
    file = parser.parse_args().file
    tally, loose = measure()
    sys.stdout.write(render_tables(tally, loose) + "\n")
    if file:
        file.write_text(list_attacks(tally) + "\n", encoding="utf-8")
    return 1 if tally.successes or not any(fate.succeeded for fate in loose.fates) else 0


if __name__ == "__main__":
    sys.exit(main())
