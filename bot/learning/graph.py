"""A graph of faults, files, commits, fixes, outcomes and reports, read from cases. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from bot.domain.run_cases import BreakingFault, FileHistory, GraphEdge, RunCase

_AFTER = timedelta(days=7)
_MOST_FAULTS = 8


def list_edges(cases: Iterable[RunCase]) -> tuple[GraphEdge, ...]:
    """Return all relations, each once, in the order of the cases."""
    return tuple(dict.fromkeys(edge for case in cases for edge in _iterate_edges(case)))


def _iterate_edges(case: RunCase) -> Iterator[GraphEdge]:
    fault = f"fault:{case.fault or 'request'} in {case.function}()" if case.function else ""
    fix = f"fix:{case.run_id}"
    if fault:
        if case.file:
            yield GraphEdge(f"file:{case.file}", "raised", fault)
        for commit in case.suspects[:1]:
            yield GraphEdge(f"commit:{commit[:7]}", "may have caused", fault)
        if case.reports:
            yield GraphEdge(f"reports:{case.reports}", "reported", fault)
        yield GraphEdge(fault, "worked on by", fix)
    for file in case.files:
        yield GraphEdge(fix, "changed", f"file:{file}")
    if case.merge_commit:
        yield GraphEdge(fix, "merged as", f"commit:{case.merge_commit[:7]}")
    yield GraphEdge(fix, "ended as", f"outcome:{case.result}")


def describe_file(cases: Sequence[RunCase], file: str) -> FileHistory:
    """Return what tends to break with a file: there, and within a week after changes of it."""
    here = [case for case in cases if case.fault and file in (case.file, *case.frames[:1])]
    known = {case.run_id for case in here}
    changes = [case for case in cases if file in case.files and case.merge_commit]
    after = [
        case
        for case in cases
        if case.fault
        and case.run_id not in known
        and any(
            change.run_id != case.run_id
            and change.ended_at <= case.ended_at < change.ended_at + _AFTER
            and (file in case.frames or change.merge_commit in case.suspects)
            for change in changes
        )
    ]
    together: Counter[str] = Counter(
        other for change in changes for other in change.files if other != file
    )
    return FileHistory(
        file=file,
        faults=_sum_up(here),
        after_changes=_sum_up(after),
        together=tuple(together.most_common(_MOST_FAULTS)),
    )


def find_files(cases: Iterable[RunCase], wanted: str) -> tuple[str, ...]:
    """Return the known files that a name can mean: exactly, by their end, or by their stem."""
    files = {file for case in cases for file in (case.file, *case.files, *case.frames) if file}
    name = wanted.strip().strip("`“”\"'").removeprefix("./").removeprefix("/")
    if name in files:
        return (name,)
    ends = sorted(file for file in files if file.endswith(f"/{name}"))
    stems = sorted(file for file in files if name and file.rpartition("/")[2] == f"{name}.py")
    return tuple(ends or stems)


def _sum_up(cases: Iterable[RunCase]) -> tuple[BreakingFault, ...]:
    groups: defaultdict[tuple[str, str], list[RunCase]] = defaultdict(list)
    for case in cases:
        groups[case.fault, case.function].append(case)
    found = [
        BreakingFault(
            fault=fault,
            function=function,
            runs=len(group),
            held=sum(case.result == "held" for case in group),
            did_not_hold=sum(case.result == "did not hold" for case in group),
            reports=sum(case.reports for case in group),
            newest=max(case.ended_at for case in group),
        )
        for (fault, function), group in groups.items()
    ]
    return tuple(sorted(found, key=lambda each: (-each.runs, each.fault, each.function)))[
        :_MOST_FAULTS
    ]
