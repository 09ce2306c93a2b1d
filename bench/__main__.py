"""The benchmarks that take hours in full, as far as they are wanted: `python -m bench --help`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from bench import planted_faults, repair_set, repeatability, reproducible
from bench.fault_runs import SECONDS
from bench.rows import Row


def main() -> None:
    """Measure what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    benches = parser.add_subparsers(dest="bench", required=True)
    plays = benches.add_parser("repeatability", help="whether plays repeat themselves")
    plays.add_argument("plays", nargs="?", type=int, default=repeatability.REPLAYS)
    faults = benches.add_parser("planted-faults", help="what becomes of faults nobody has seen")
    faults.add_argument("names", nargs="*", help="which; none: so many of each kind")
    faults.add_argument("--each", type=int, default=1, help="how many of each kind")
    faults.add_argument("--seconds", type=float, default=SECONDS, help="how long each may take")
    faults.add_argument("--old", action="store_true", help="as old as the history, not deployed")
    shown = benches.add_parser("reproducible", help="which failures can be shown again")
    shown.add_argument("--every", type=int, default=1, help="of so many functions, one")
    _add_repair_set(benches.add_parser("repair-set", help="what `theseus repair` makes of faults"))
    for row in asyncio.run(_run_chosen(parser.parse_args())):
        sys.stdout.write(f"{row.line}\n")


def _add_repair_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", help="which; none: all, or as the options say")
    parser.add_argument("--half", choices=("a", "b"), help="b is for measuring alone; none: both")
    parser.add_argument("--limit", type=int, help="at most so many, over all packages")
    parser.add_argument("--seconds", type=float, default=repair_set.SECONDS, help="for each search")
    parser.add_argument("--jobs", type=int, default=1, help="so many at a time")


async def _run_chosen(wanted: argparse.Namespace) -> Sequence[Row]:
    if wanted.bench == "planted-faults":
        chosen = planted_faults.choose_faults(wanted.each, wanted.names)
        return await planted_faults.measure_faults(chosen, wanted.seconds, old=wanted.old)
    if wanted.bench == "repair-set":
        cases = repair_set.choose_cases(wanted.half, wanted.limit, wanted.names)
        return await repair_set.measure_cases(cases, wanted.seconds, wanted.jobs)
    if wanted.bench == "reproducible":
        return await reproducible.measure_functions(wanted.every)
    return (await repeatability.replay_scripts(wanted.plays)).rows


if __name__ == "__main__":
    main()
