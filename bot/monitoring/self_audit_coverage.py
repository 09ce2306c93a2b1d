"""Lists functions that no test ran, as measured for the live commit."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.domain.code_coverage import CodeCoverage, UnrunFunction
from bot.domain.self_audit import AuditedFault, Gap
from bot.ports.coverage_meter import CoverageMeter
from bot.ports.key_value_store import KeyValueStore

_KEY = "code_coverage"
_MOST_GAPS = 15
_MOST_NAMES = 5  # of one file


@dataclass(frozen=True)
class CoverageSource:
    """Measures each commit at most once; `live_commit` returns the commit that runs now."""

    meter: CoverageMeter
    live_commit: Callable[[], str]

    async def read(self, key_values: KeyValueStore, *, measure: bool) -> CodeCoverage | None:
        """Return the live commit's measurement; if it is missing, measure it if `measure` is set.

        Raises `PortError`.
        """
        commit = self.live_commit()
        stored = await key_values.get(_KEY, CodeCoverage)
        if stored is not None and stored.commit == commit:
            return stored
        if not measure or not commit:
            return None
        measured = await self.meter.measure(commit)
        await key_values.put(_KEY, measured)
        return measured


def find_coverage_gaps(
    coverage: CodeCoverage | None, faults: Iterable[AuditedFault]
) -> tuple[Gap, ...]:
    """Return what no test ran: totals first, then functions that failed, then files."""
    if coverage is None:
        return (Gap(what="cogs", why="not measured for the code that is live"),)
    if coverage.problem:
        return (Gap(what="cogs", why=f"not measured: {coverage.problem}"),)
    found = []
    if not coverage.tests_passed:
        found.append(Gap(what="tests", why="some failed while this was measured"))
    if coverage.unrun:
        found.append(Gap(what="cogs", why=_share(len(coverage.unrun), coverage.functions)))
    failing = {(each.file, each.function) for each in faults}
    by_file: dict[str, list[UnrunFunction]] = defaultdict(list)
    for each in coverage.unrun:
        by_file[each.file].append(each)
        if (each.file, each.name.rpartition(".")[2]) in failing:
            found.append(
                Gap(what=f"{each.name}() in {each.file}", why="failed, and no test ran it")
            )
    largest = sorted(by_file.items(), key=lambda item: (-_count_lines(item[1]), item[0]))
    found += [Gap(what=file, why=_format_functions(unrun)) for file, unrun in largest]
    return tuple(found[:_MOST_GAPS])


def _share(unrun: int, functions: int) -> str:
    return f"no test ran {unrun} of {functions} functions"


def _count_lines(unrun: Iterable[UnrunFunction]) -> int:
    return sum(each.lines for each in unrun)


def _format_functions(unrun: list[UnrunFunction]) -> str:
    """Return how many functions of a file no test ran, and the names of the longest."""
    longest = sorted(unrun, key=lambda each: (-each.lines, each.name))
    names = ", ".join(f"{each.name}()" for each in longest[:_MOST_NAMES])
    more = f" and {len(unrun) - _MOST_NAMES} more" if len(unrun) > _MOST_NAMES else ""
    functions = "function" if len(unrun) == 1 else "functions"
    return f"{len(unrun)} {functions}, {_count_lines(unrun)} lines: {names}{more}"
