"""The benchmarks that take hours in full, as far as they are wanted: `python -m bench --help`."""

import argparse
import asyncio
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from bench import (
    capacity,
    edit_order,
    foreign_cases,
    foreign_fixes,
    fuzz,
    load,
    mutation,
    planted_faults,
    reliability,
    repair_set,
    repeatability,
    reproducible,
    soak,
)
from bench.fault_runs import SECONDS
from bench.rows import Row
from tests.support.reliability.points import KILLS
from tests.support.reliability.stories import CASTS, STORIES


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
    _add_foreign_fixes(benches.add_parser("foreign-fixes", help="real bugs of other bots"))
    _add_fuzz(benches.add_parser("fuzz", help="strange inputs for the parsers, 100,000 a class"))
    mutants = benches.add_parser("mutation", help="which changes of deciding code no test notices")
    mutants.add_argument("--part", choices=mutation.PARTS, required=True)
    mutants.add_argument("--sample", type=int, default=mutation.SAMPLE, help="mutants, at most")
    _add_reliability(benches.add_parser("reliability", help="what outlives kill -9 and faults"))
    order = benches.add_parser("order", help="the order of the repair's edits, from histories")
    order.add_argument("folder", type=Path, help="of git directories; see bench/edit_order.py")
    guilds = benches.add_parser("capacity", help="what so many guilds need, simulated")
    guilds.add_argument("--measure", action="store_true", help="the unit costs first, for minutes")
    days = benches.add_parser("soak", help="days of a busy bot on a virtual clock: what grows")
    days.add_argument("--days", type=int, default=soak.DAYS)
    days.add_argument("--silent-days", type=int, default=soak.SILENT_DAYS, help="after the others")
    busy = benches.add_parser("load", help="the demo's story on a busy machine")
    busy.add_argument("--load", type=int, default=load.LOAD, help="the load average to reach")
    wanted = parser.parse_args()
    if wanted.bench == "soak":
        sys.exit(asyncio.run(soak.print_soak(wanted.days, wanted.silent_days)))
    if wanted.bench == "capacity":
        sys.stdout.write(asyncio.run(capacity.compute_table(measure=wanted.measure)) + "\n")
        return
    if wanted.bench == "fuzz":
        sys.exit(asyncio.run(_print_findings(wanted)))
    if wanted.bench == "mutation":
        report = asyncio.run(mutation.measure_part(wanted.part, wanted.sample))
        sys.stdout.write("\n".join((report.row, *report.survivors)) + "\n")
        return
    if wanted.bench == "reliability":
        strikes = reliability.ERRORS if wanted.errors else KILLS
        kinds, casts = wanted.kind or list(STORIES), wanted.cast or list(CASTS)
        sys.exit(
            asyncio.run(reliability.write_trials(kinds, casts, strikes, wanted.points, wanted.part))
            > 0
        )
    for row in asyncio.run(_run_chosen(wanted)):
        sys.stdout.write(f"{row.line}\n")


def _add_reliability(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kind", action="append", choices=STORIES, help="of run; none: all")
    parser.add_argument("--cast", action="append", choices=CASTS, help="none: both")
    parser.add_argument("--points", type=int, help="so many of each, spread; none: all")
    parser.add_argument("--part", default="", help="only points whose name has this in it")
    parser.add_argument("--errors", action="store_true", help="errors in place of kill -9")


def _add_repair_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", help="which; none: all, or as the options say")
    parser.add_argument("--half", choices=("a", "b"), help="b is for measuring alone; none: both")
    parser.add_argument("--limit", type=int, help="at most so many, over all packages")
    parser.add_argument("--seconds", type=float, default=repair_set.SECONDS, help="for each search")
    parser.add_argument("--jobs", type=int, default=1, help="so many at a time")


def _add_foreign_fixes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="of cases; see bench/foreign_cases.py")
    parser.add_argument("names", nargs="*", help="parts of the ids of those to measure; none: all")
    parser.add_argument("--seconds", type=float, default=foreign_fixes.SECONDS)
    parser.add_argument("--engine", type=Path, help="the Python that repairs; none: no repair")
    parser.add_argument("--unconfined", action="store_true", help="without bubblewrap")


def _add_fuzz(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--class", dest="classes", action="append", default=[], help="repeatable")
    parser.add_argument("--cases", type=int, default=fuzz.CASES, help="of each class")
    parser.add_argument("--seconds", type=float, default=math.inf, help="each class, at most")


async def _print_findings(wanted: argparse.Namespace) -> int:
    """Print the table as it grows, then every finding; return 1 if there is one."""
    sys.stdout.write("\n".join(fuzz.HEAD) + "\n")
    findings: list[str] = []
    async for report in fuzz.measure_classes(wanted.classes, wanted.cases, wanted.seconds):
        sys.stdout.write(f"{report.row}\n")
        sys.stdout.flush()
        findings += report.findings
    sys.stdout.write("".join(f"\n{each}\n" for each in findings))
    return bool(findings)


async def _run_chosen(wanted: argparse.Namespace) -> Sequence[Row]:
    if wanted.bench == "planted-faults":
        chosen = planted_faults.choose_faults(wanted.each, wanted.names)
        return await planted_faults.measure_faults(chosen, wanted.seconds, old=wanted.old)
    if wanted.bench == "repair-set":
        cases = repair_set.choose_cases(wanted.half, wanted.limit, wanted.names)
        return await repair_set.measure_cases(cases, wanted.seconds, wanted.jobs)
    if wanted.bench == "foreign-fixes":
        found = foreign_cases.read_cases(wanted.folder)
        fixes = [case for case in found if _is_named(case.id, wanted.names)]
        return await foreign_fixes.measure_fixes(
            fixes, wanted.seconds, engine=wanted.engine, unconfined=wanted.unconfined
        )
    if wanted.bench == "order":
        return edit_order.measure_order(wanted.folder)
    if wanted.bench == "reproducible":
        return await reproducible.measure_functions(wanted.every)
    if wanted.bench == "load":
        return await load.measure(wanted.load)
    return (await repeatability.replay_scripts(wanted.plays)).rows


def _is_named(name: str, parts: Sequence[str]) -> bool:
    return not parts or any(part in name for part in parts)


if __name__ == "__main__":
    main()
