"""Every attack on a model that obeys whoever speaks to it: `python -m bench.attacks [FILE]`.

Prints, by entry, vector and demand, how many were tried, reached the model, were stopped and
succeeded, and who stopped them; with FILE also every attack, one a line. Then the same with every
guard taken away, to show that success would be seen. Takes some minutes; exits with 1 where
anything succeeded.
"""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.attacks.longer import endless, later_attacks, resumed, spent
from tests.attacks.rounds import all_attacks, attacked, rounds
from tests.attacks.tally import Tally
from tests.attacks.unguarded import tame_attacks, unguarded
from tests.attacks.voyage import chatted, looked_into, repaired, spoilt, voyage
from tests.attacks.voyage_attacks import (
    CHATTING,
    LOOKED_INTO,
    SPOILT_RUN,
    WHOLE_RUN,
    voyage_attacks,
)
from tests.attacks.voyage_fates import judged

COURSES = {WHOLE_RUN: repaired, SPOILT_RUN: spoilt, LOOKED_INTO: looked_into, CHATTING: chatted}


async def measure() -> Tally:
    """Return what became of every attack."""
    tally = Tally()
    for each in rounds(all_attacks()):
        with _folder() as folder:
            tally.add(await attacked(folder, each))
    with _folder() as folder:
        tally.add(await resumed(folder, later_attacks()))
    for number, demand in enumerate(endless(), 8101):
        with _folder() as folder:
            tally.add(await spent(folder, demand, number))
    for entry, course in COURSES.items():
        attacks = [each for each in voyage_attacks() if each.entry == entry]
        with _folder() as folder:
            async with voyage(folder, attacks) as sailing:
                await course(sailing)
                tally.add(await judged(sailing))
    return tally


async def control() -> Tally:
    """Return what becomes of some attacks where nobody stops them."""
    with _folder() as folder:
        return await unguarded(folder, tame_attacks())


def told(tally: Tally, loose: Tally) -> str:
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


def listed(tally: Tally) -> str:
    """Return every attack, one a line."""
    return "\n".join(
        f"{fate.attack.entry}\t{fate.attack.vector}\t{fate.attack.demand}\t"
        f"{'; '.join(fate.harm) or fate.by}"
        for fate in tally.fates
    )


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="attacks-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "world"


def main() -> int:
    """Run the command line."""
    tally, loose = asyncio.run(measure()), asyncio.run(control())
    sys.stdout.write(told(tally, loose) + "\n")
    if sys.argv[1:]:
        Path(sys.argv[1]).write_text(listed(tally) + "\n", encoding="utf-8")
    return 1 if tally.successes or not any(fate.succeeded for fate in loose.fates) else 0


if __name__ == "__main__":
    sys.exit(main())
