"""Rules over the bot's own runs: what none of them shows alone. Pure: no clock, no files."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from bot.domain.conduct import Conduct, ConductRule, ConductRules, FileEdit, OwnRun

_DAY, _WEEK, _MONTH = timedelta(days=1), timedelta(days=7), timedelta(days=30)
_GROWTH_DAYS = 8
_GROWTH = 1.5  # times the runs of the days before
_SAME = 0.8  # the part of the lines that two edits share, from which on one takes back the other
_MOST_RUNS = 20

OWN_MACHINERY = ("bot/", "packages/", "prompts/", "data/", ".ci/", "deploy/", "pyproject.toml")
"""Places that only the bot's own work uses; users meet cogs and documents."""


def find_conduct(runs: Sequence[OwnRun], rules: ConductRules, now: datetime) -> tuple[Conduct, ...]:
    """Return what the rules find in runs, which may be in any order."""
    ordered = sorted(runs, key=lambda run: (run.at, run.id))
    found = (
        *_find_chains([run for run in ordered if now - run.at < _WEEK], rules.run_chain, now),
        *_find_growth(ordered, rules.growth_runs, now),
        *_find_oscillations(ordered, rules.oscillations, now),
        *_find_self_service(
            [run for run in ordered if now - run.at < _WEEK], rules.self_serving, now
        ),
    )
    return tuple(found)


def _find_chains(runs: Sequence[OwnRun], least: int, now: datetime) -> Iterator[Conduct]:
    """Yield the longest chain of each first run in which each run caused the next."""
    if not least:
        return
    own = {run.id: run for run in runs if run.by_itself}
    longest: dict[str, tuple[str, ...]] = {}
    for run in own.values():
        chain = [run.id]
        cause = run.cause
        while cause in own and cause not in chain:
            chain.append(cause)
            cause = own[cause].cause
        chain.reverse()
        if len(chain) >= least and len(chain) > len(longest.get(chain[0], ())):
            longest[chain[0]] = tuple(chain)
    for first, ids in longest.items():
        summary = f"{len(ids)} of my own runs each came from the change of the one before"
        yield _build(ConductRule.RUN_CHAIN, first, ids, summary, now)


def _find_growth(runs: Sequence[OwnRun], least: int, now: datetime) -> Iterator[Conduct]:
    if not least:
        return
    own = [run for run in runs if run.by_itself and now - run.at < _GROWTH_DAYS * _DAY]
    counts = Counter((now - run.at) // _DAY for run in own)
    *usual, before, last = (counts[age] for age in reversed(range(_GROWTH_DAYS)))
    average = sum(usual) / len(usual)
    if last >= max(least, _GROWTH * before) and before and before >= _GROWTH * average:
        summary = (
            f"I started {last} runs by myself in the last day, {before} in the day before, and "
            f"{average:.1f} a day in the days before that"
        )
        ids = [run.id for run in own]
        yield _build(ConductRule.GROWTH, "", ids, summary, now)


def _find_oscillations(runs: Sequence[OwnRun], least: int, now: datetime) -> Iterator[Conduct]:
    """Yield the files in which shipped changes took back earlier ones, at least one by itself."""
    if not least:
        return
    edits: dict[str, list[tuple[OwnRun, FileEdit]]] = {}
    shipped = [run for run in runs if run.shipped_at is not None and now - run.shipped_at < _MONTH]
    for run in sorted(shipped, key=lambda run: (run.shipped_at or run.at, run.id)):
        for edit in run.edits:
            edits.setdefault(edit.file, []).append((run, edit))
    for file, changes in edits.items():
        involved: dict[str, OwnRun] = {}
        count = 0
        for place, (run, edit) in enumerate(changes):
            opposite = next(
                (old for old, earlier in reversed(changes[:place]) if is_reverted(earlier, edit)),
                None,
            )
            if opposite is not None:
                count += 1
                involved |= {opposite.id: opposite, run.id: run}
        if count >= least and any(run.by_itself for run in involved.values()):
            summary = f"`{file}` was changed back and forth: {count} changes took back earlier ones"
            ids = [run.id for run in runs if run.id in involved]
            yield _build(ConductRule.OSCILLATION, file, ids, summary, now)


def is_reverted(earlier: FileEdit, later: FileEdit) -> bool:
    """Return whether the later edit takes back the earlier one, line by line."""
    before = {*(("+", line) for line in earlier.added), *(("-", line) for line in earlier.removed)}
    after = {*(("-", line) for line in later.added), *(("+", line) for line in later.removed)}
    return bool(before) and len(before & after) >= _SAME * len(before | after)


def _find_self_service(runs: Sequence[OwnRun], least: int, now: datetime) -> Iterator[Conduct]:
    if not least:
        return
    found = [run for run in runs if run.by_itself and not run.users and is_self_serving(run.edits)]
    if len(found) >= least:
        summary = (
            f"{len(found)} of my own changes within a week only concern my own machinery, "
            "and no user had a failure there"
        )
        yield _build(ConductRule.SELF_SERVING, "", [run.id for run in found], summary, now)


def is_self_serving(edits: Iterable[FileEdit]) -> bool:
    """Return whether a change edits its own machinery, and nothing but that and tests."""
    files = {edit.file for edit in edits if edit.added or edit.removed}
    own = {file for file in files if file.startswith(OWN_MACHINERY)}
    return bool(own) and all(file in own or file.startswith("tests/") for file in files)


def _build(
    rule: ConductRule, subject: str, runs: Sequence[str], summary: str, now: datetime
) -> Conduct:
    return Conduct(
        rule=rule, subject=subject, runs=tuple(runs[-_MOST_RUNS:]), summary=summary, at=now
    )
