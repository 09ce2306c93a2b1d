"""Ranks work by what it is expected to do for an objective, over its cost and risk.

The formulas are simple on purpose, and listed in docs/goals.md: the order is for people to check.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from bot.detection.sketch import Sketch
from bot.domain.anomaly import Rule
from bot.domain.feature_request import FeatureRequest
from bot.domain.incident import Incident
from bot.domain.journal import format_event_name, get_command_name
from bot.domain.objective import MeasureName, Objective, Opportunity, OpportunityKind, Requirement
from bot.domain.run import Goal, Run
from bot.domain.samples import Sample
from bot.domain.shipped_fix import ShippedFix
from bot.goals.figures import DailyFigures, DayFigures
from bot.goals.measures import measure

_UNKNOWN_RISK = 0.3
_LOST_SHARE = 0.5  # of the people who met a failure, may stay away for it
_WISH_SHARE = 0.25  # of what a wish could do at most: nobody knows before it is live
_SLOW_MS = 1_000.0
_BEST_VALUE = 5  # how useful a self-audit calls its best idea
_MOST = 50


@dataclass(frozen=True)
class Material:
    """Everything that work can come from.

    Attributes:
        figures: The journal by days.
        incidents: The open incidents.
        requests: People's wishes, and ideas of self-audits without votes.
        runs: Recent runs, with which cost and risk are estimated.
        held: By id of a run, whether its shipped change held.
        busy: By fingerprint, the run that works on a fault.
        fixes: By fingerprint, the newest fix that was shipped.
        usual_usd: What a run costs before any has ended.
    """

    figures: DailyFigures
    incidents: Sequence[Incident] = ()
    requests: Sequence[FeatureRequest] = ()
    runs: Sequence[Run] = ()
    held: Mapping[str, bool] = field(default_factory=dict)
    busy: Mapping[str, str] = field(default_factory=dict)
    fixes: Mapping[str, ShippedFix] = field(default_factory=dict)
    usual_usd: float = 0.0


def rank_opportunities(
    objectives: Sequence[Objective], material: Material
) -> tuple[Opportunity, ...]:
    """Return the work that serves an objective that is not met, best score first.

    Ties are broken by key, so that equal records give equal orders.
    """
    gaps = [(each, gap) for each in objectives if (gap := _find_gap(each, material.figures))]
    found = [
        best
        for candidate in _list_candidates(material)
        if (best := _choose_objective(candidate, gaps, material)) is not None
    ]
    found.sort(key=lambda each: (-each.score, each.key))
    return tuple(found[:_MOST])


@dataclass(frozen=True)
class _Candidate:
    """Work without an objective yet. `event` is what it is about; `weight` is the
    number of people who ask for it; an idea of a self-audit counts as one person at most."""

    kind: OpportunityKind
    id: str
    title: str
    goal: Goal
    event: str = ""
    fingerprint: str = ""
    weight: float = 0.0
    is_slowness: bool = False
    run_id: str | None = None
    obstacle: str = ""


def _find_gap(objective: Objective, figures: DailyFigures) -> float:
    value, _why = measure(objective.requirement, figures)
    return objective.requirement.compute_gap(value) if value is not None else 0.0


def _list_candidates(material: Material) -> Iterator[_Candidate]:
    known = {each.fingerprint for each in material.incidents if each.fingerprint}
    slow_known = {each.event for each in material.incidents if Rule.LATENCY in each.rules}
    for incident in material.incidents:
        yield _Candidate(
            "incident", incident.id, incident.title, "fix", incident.event,
            incident.fingerprint or "", is_slowness=incident.rules == {Rule.LATENCY},
            run_id=incident.run_id,
        )  # fmt: skip
    yield from _list_faults(material, known)
    yield from _list_slow_actions(material.figures, slow_known)
    for request in material.requests:
        is_idea = request.votes == 0
        yield _Candidate(
            "idea" if is_idea else "wish", request.id, request.text, "change",
            weight=request.votes or request.value / _BEST_VALUE, run_id=request.run_id,
            obstacle="only a self-audit proposed it; a person has to start it" if is_idea else "",
        )  # fmt: skip


def _list_faults(material: Material, known: Collection[str]) -> Iterator[_Candidate]:
    """Yield the faults that became no incident, because they are too rare."""
    newest: dict[str, Sample] = {}
    for day in material.figures.days:
        newest.update(day.newest)
    for fingerprint, sample in newest.items():
        fix = material.fixes.get(fingerprint)
        # The days of a measure still contain failures from before the fix.
        if fingerprint in known or (fix is not None and fix.is_later_than(sample.when)):
            continue
        yield _Candidate(
            "fault", fingerprint, f"a failure in {format_event_name(sample.event)}", "fix",
            sample.event, fingerprint, run_id=material.busy.get(fingerprint),
        )  # fmt: skip


def _list_slow_actions(figures: DailyFigures, known: Collection[str]) -> Iterator[_Candidate]:
    for event, paces in _merge_paces(figures.days).items():
        if event not in known and paces.total >= 20 and paces.compute_quantile(0.95) >= _SLOW_MS:
            yield _Candidate(
                "slow", event, f"{format_event_name(event)} is slow", "investigate", event,
                is_slowness=True, obstacle="no incident was opened about it",
            )  # fmt: skip


def _choose_objective(
    candidate: _Candidate, gaps: Sequence[tuple[Objective, float]], material: Material
) -> Opportunity | None:
    """Return the work with the objective that it serves most, or `None` if it serves none."""
    effects = [
        (_estimate_effect(candidate, each.requirement, gap, material.figures), each.id)
        for each, gap in gaps
    ]
    effect, objective = max(effects, default=(0.0, ""), key=lambda each: each[0])
    if effect <= 0:
        return None
    usd, risk = _estimate_cost(candidate.goal, material)
    return Opportunity(
        key=f"{candidate.kind}:{candidate.id}",
        kind=candidate.kind,
        title=candidate.title,
        objective=objective,
        effect=min(effect, 1.0),
        usd=usd,
        risk=risk,
        run_id=candidate.run_id,
        obstacle=candidate.obstacle,
    )


def _estimate_effect(
    candidate: _Candidate, wanted: Requirement, gap: float, figures: DailyFigures
) -> float:
    """Return the expected part of the gap that the work closes."""
    days = figures.days[-wanted.days :]
    is_other_command = wanted.command and wanted.command != get_command_name(candidate.event)
    if wanted.measure is MeasureName.COST or (is_other_command and not candidate.weight):
        return 0.0
    if wanted.measure is MeasureName.INCIDENTS:
        return 1.0 / gap if candidate.kind == "incident" else 0.0
    if wanted.measure is MeasureName.RESPONSE_TIME:
        return _estimate_speed(candidate, wanted, gap, figures) if candidate.is_slowness else 0.0
    if candidate.weight:
        return _estimate_request(candidate, wanted, gap, days)
    if candidate.is_slowness:
        return 0.0
    return _estimate_fix(candidate, wanted, gap, days)


def _estimate_fix(
    candidate: _Candidate, wanted: Requirement, gap: float, days: Sequence[DayFigures]
) -> float:
    failures = _count_failures(candidate, days)
    if wanted.measure in (MeasureName.CRASHES, MeasureName.USE):
        is_wanted = wanted.measure is MeasureName.CRASHES or wanted.bound == "at least"
        return failures / gap if is_wanted else 0.0
    if wanted.measure is MeasureName.ERROR_RATE:
        actions = sum(day.actions for day in days)
        return 100.0 * failures / actions / gap if actions else 0.0
    people = set[str]().union(*(day.people for day in days))
    hurt = set[str]().union(*(day.hurt.get(candidate.fingerprint, ()) for day in days))
    return 100.0 * _LOST_SHARE * len(hurt) / len(people) / gap if people else 0.0


def _estimate_request(
    candidate: _Candidate, wanted: Requirement, gap: float, days: Sequence[DayFigures]
) -> float:
    if wanted.command or wanted.bound != "at least":
        return 0.0
    if wanted.measure is MeasureName.USE:
        return _WISH_SHARE * candidate.weight * wanted.days / gap
    if wanted.measure is not MeasureName.RETURNING:
        return 0.0
    people = set[str]().union(*(day.people for day in days))
    share = candidate.weight / max(float(len(people)), candidate.weight)
    return _WISH_SHARE * 100.0 * share / gap


def _estimate_speed(
    candidate: _Candidate, wanted: Requirement, gap: float, figures: DailyFigures
) -> float:
    """Return how much of the gap would be gone if that action were not slow any more."""
    paces = _merge_paces(figures.days[-wanted.days :])
    if wanted.command:
        return 1.0
    everything, others = Sketch(), Sketch()
    for event, sketch in paces.items():
        everything.merge(sketch)
        if event != candidate.event:
            others.merge(sketch)
    return max(0.0, everything.compute_quantile(0.95) - others.compute_quantile(0.95)) / gap


def _count_failures(candidate: _Candidate, days: Iterable[DayFigures]) -> int:
    if candidate.fingerprint:
        return sum(day.faults[candidate.fingerprint] for day in days)
    return sum(day.failed[candidate.event] for day in days)


def _merge_paces(days: Iterable[DayFigures]) -> dict[str, Sketch]:
    merged: dict[str, Sketch] = {}
    for day in days:
        for event, sketch in day.paces.items():
            merged.setdefault(event, Sketch()).merge(sketch)
    return merged


def _estimate_cost(goal: Goal, material: Material) -> tuple[float, float]:
    """Return the median cost of such runs, and the share of them that did not hold."""
    ended = [run for run in material.runs if run.goal == goal and run.has_ended]
    usd = median(run.cost_usd for run in ended) if ended else material.usual_usd
    judged = [material.held[run.id] for run in ended if run.id in material.held]
    # One more case of each kind: two changes that held do not prove that all will.
    risk = (judged.count(False) + 1) / (len(judged) + 2) if judged else _UNKNOWN_RISK
    return usd, risk
