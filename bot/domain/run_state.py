"""The state machine of a run, as data: every edge there is, and the one function that follows one.

A state is what a run is to do next (`stage`), for which `goal`, and how it stands with that: its
status, or what it waits for. `TABLE` says in rows which edges there are, `EDGES` is what the rows
come to. The picture in docs/architecture.md is made of `TABLE`.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

from bot.domain.errors import InvalidTransition
from bot.domain.run import FINAL_STATUSES, Goal, Run, Stage, Status, Waiting

FramePosition = Status | Waiting
"""A status, or, of a run that waits, what it waits for; never `Status.WAITING` itself."""

_PROVE = (Stage.EXECUTE, Stage.VERIFY, Stage.PROPOSE)
ORDER: Mapping[Goal, tuple[Stage, ...]] = MappingProxyType(
    {
        "investigate": (Stage.OBSERVE, Stage.DIAGNOSE),
        "fix": (Stage.OBSERVE, Stage.DIAGNOSE, Stage.PLAN, *_PROVE, Stage.SHIP),
        "change": (Stage.OBSERVE, Stage.BRIEF, *_PROVE, Stage.SHIP),
        "revert": (Stage.OBSERVE, *_PROVE, Stage.SHIP),
    }
)
"""The stages of each goal, in order."""


class RunState(NamedTuple):
    """Where a run stands."""

    goal: Goal
    stage: Stage
    status: FramePosition

    def __str__(self) -> str:
        return f"{self.goal}: {self.stage}, {self.status}"


class EdgeRule(NamedTuple):
    """Edges of one kind: from any of the standings `before`, `at` those stages, to any of `after`.

    `to` is the stage it leads to (absent: it stays the same), `goals` are those it is there for;
    where a goal lacks one of the stages, the edge is not there.
    """

    name: str
    before: frozenset[FramePosition]
    after: frozenset[FramePosition]
    at: tuple[Stage, ...] = tuple(Stage)
    to: Stage | None = None
    goals: tuple[Goal, ...] = tuple(ORDER)


def get_next_stage(goal: Goal, stage: Stage) -> Stage | None:
    """Return what comes after that stage; `None` after the last, and for one that is not there."""
    return dict(pairwise(ORDER[goal])).get(stage)


def _set(*standings: FramePosition) -> frozenset[FramePosition]:
    return frozenset(standings)


_QUEUED, _RUNNING = _set(Status.QUEUED), _set(Status.RUNNING)
_ACTIVE = _QUEUED | _RUNNING
_WAITS: frozenset[FramePosition] = frozenset(Waiting)
_LIVE = _ACTIVE | _WAITS
_FINAL: frozenset[FramePosition] = frozenset(FINAL_STATUSES)
_WRITTEN: tuple[Goal, ...] = ("fix", "change")
_ASKED: tuple[Goal, ...] = ("investigate", *_WRITTEN)
_SHIP = (Stage.SHIP,)
_BEFORE_SHIP = tuple(stage for stage in Stage if stage not in (Stage.SHIP, Stage.WATCH))

_FORWARD = tuple(
    EdgeRule("next step", _RUNNING, _ACTIVE, (here,), after, (goal,))
    for goal, order in ORDER.items()
    for here, after in pairwise(order)
    if after is not Stage.SHIP  # only what a person may say a word about gets there
    and here is not Stage.BRIEF  # and what is written is agreed on before
)

TABLE: tuple[EdgeRule, ...] = (
    # Whose turn it is; the stage stays.
    EdgeRule("leased", _QUEUED, _RUNNING),
    EdgeRule("handed back", _ACTIVE, _QUEUED),
    EdgeRule("goes on", _WAITS, _QUEUED),
    *_FORWARD,
    # What a step waits for. A failure of ours may come after the row was saved: from any standing.
    EdgeRule("no thread", _LIVE, _set(Waiting.THREAD)),
    EdgeRule("all stopped", _RUNNING, _set(Waiting.STOPPED)),
    EdgeRule("own work paused", _RUNNING, _set(Waiting.PAUSED), _BEFORE_SHIP),
    EdgeRule("limit or budget", _RUNNING, _set(Waiting.USAGE_LIMIT, Waiting.BUDGET),
        (Stage.BRIEF, Stage.PLAN, Stage.EXECUTE)),
    EdgeRule("too many changes", _RUNNING, _set(Waiting.TURN), (Stage.EXECUTE,)),
    EdgeRule("asks", _RUNNING, _set(Waiting.QUESTION),
        (Stage.DIAGNOSE, Stage.BRIEF, Stage.EXECUTE), goals=_ASKED),
    # What is wanted of a change.
    EdgeRule("understood", _RUNNING, _set(Waiting.AGREEMENT), (Stage.BRIEF,), Stage.EXECUTE),
    EdgeRule("meant otherwise", _set(Waiting.AGREEMENT), _QUEUED, (Stage.EXECUTE,), Stage.BRIEF),
    EdgeRule("forge not ready", _RUNNING, _set(Waiting.FORGE), _SHIP),
    # Rounds and proposals.
    EdgeRule("another round", _RUNNING, _RUNNING, (Stage.VERIFY,), Stage.EXECUTE, _WRITTEN),
    EdgeRule("next candidate", _RUNNING, _RUNNING, (Stage.EXECUTE,), Stage.EXECUTE, ("change",)),
    EdgeRule("best candidate", _RUNNING, _ACTIVE, (Stage.EXECUTE, Stage.VERIFY), Stage.PROPOSE,
        ("change",)),
    EdgeRule("found, not proven", _RUNNING, _set(Waiting.JUDGEMENT), (Stage.PROPOSE,),
        goals=("fix",)),
    EdgeRule("proposed", _RUNNING, _set(Waiting.APPROVAL), (Stage.PROPOSE,), Stage.SHIP),
    EdgeRule("branch moved", _RUNNING, _set(Waiting.APPROVAL), (Stage.VERIFY,), Stage.SHIP),
    EdgeRule("not shipped", _LIVE, _set(Waiting.UNSHIPPED), (Stage.VERIFY, Stage.SHIP), Stage.SHIP),
    EdgeRule("checked again", _RUNNING, _RUNNING, _SHIP, Stage.VERIFY),
    EdgeRule("pushed to", _WAITS, _QUEUED, _SHIP, Stage.VERIFY),
    EdgeRule("revised", _WAITS, _QUEUED, _SHIP, Stage.EXECUTE, _WRITTEN),
    EdgeRule("new thread", _WAITS, _QUEUED, _SHIP, Stage.PROPOSE),
    # A revision that comes to nothing gives way to what stood before it.
    EdgeRule("revision given up", _LIVE, _set(Waiting.UNREVISED), _PROVE, Stage.SHIP, _WRITTEN),
    EdgeRule("revision given up", _RUNNING, _ACTIVE, _PROVE, Stage.PROPOSE, _WRITTEN),
    EdgeRule("revision given up", _QUEUED | _WAITS, _QUEUED, _PROVE, Stage.PROPOSE, _WRITTEN),
    # The end, from which only a person's word leads back.
    EdgeRule("answered", _RUNNING, _set(Status.DONE), (Stage.DIAGNOSE,)),
    EdgeRule("shipped", _RUNNING, _set(Status.DONE), _SHIP),
    EdgeRule("merged by hand", _WAITS, _set(Status.DONE), _SHIP),
    EdgeRule("rejected", _WAITS, _set(Status.REJECTED), _SHIP),
    EdgeRule("rejected", _set(Waiting.JUDGEMENT), _set(Status.REJECTED), (Stage.PROPOSE,)),
    EdgeRule("failed", _LIVE, _set(Status.FAILED)),
    EdgeRule("cancelled", _LIVE, _set(Status.CANCELLED)),
    EdgeRule("died twice", _RUNNING, _set(Status.QUARANTINED)),
    EdgeRule("failure chosen", _set(Status.DONE), _QUEUED, (Stage.DIAGNOSE,), Stage.OBSERVE),
    EdgeRule("retried", _FINAL - {Status.DONE}, _QUEUED, to=Stage.OBSERVE),
)  # fmt: skip
"""Every edge but those between goals: an investigation that found something becomes a fix.

So does one under way, where a person said which answer is right.
"""

_FOUND = RunState("investigate", Stage.DIAGNOSE, Status.DONE)
_CONFIRMED = RunState("investigate", Stage.DIAGNOSE, Status.RUNNING)
_GOES_ON = RunState("fix", Stage.PLAN, Status.RUNNING)
_TO_BE_FIXED = RunState("fix", Stage.PLAN, Status.QUEUED)


def _iterate_edges() -> Iterator[tuple[RunState, RunState]]:
    yield _FOUND, _TO_BE_FIXED
    yield _CONFIRMED, _GOES_ON
    for row in TABLE:
        for goal in row.goals:
            for stage in set(row.at) & set(ORDER[goal]):
                to = row.to or stage
                if to in ORDER[goal]:
                    for before in row.before:
                        for after in row.after:
                            yield RunState(goal, stage, before), RunState(goal, to, after)


def _index_edges() -> Mapping[RunState, frozenset[RunState]]:
    found: dict[RunState, set[RunState]] = {}
    for before, after in _iterate_edges():
        found.setdefault(before, set()).add(after)
    return MappingProxyType({state: frozenset(to) for state, to in found.items()})


EDGES = _index_edges()
"""Where each state may lead; a state that is no key leads nowhere."""

FIRST: Mapping[Goal, RunState] = MappingProxyType(
    {goal: RunState(goal, Stage.OBSERVE, Waiting.THREAD) for goal in ORDER}
)
"""How a run of each goal begins: not queued before it has a thread to speak in."""


def get_state(run: Run) -> RunState:
    """Return where a run stands."""
    return RunState(run.goal, run.stage, run.waiting or run.status)


def move(
    run: Run,
    target: FramePosition,
    stage: Stage | None = None,
    *,
    goal: Goal | None = None,
    **changes: object,
) -> Run:
    """Return the run in another state, with other fields changed along; nothing is saved by it.

    `stage` and `goal` stay where absent. Raises `InvalidTransition` where no edge leads there.
    """
    before = get_state(run)
    after = RunState(goal or run.goal, stage or run.stage, target)
    if after not in EDGES.get(before, frozenset()):
        raise InvalidTransition(f"Run {run.id} cannot go from “{before}” to “{after}”.")
    waiting = target if isinstance(target, Waiting) else None
    status = Status.WAITING if waiting else target
    return run.replace(
        goal=after.goal, stage=after.stage, status=status, waiting=waiting, **changes
    )
