"""The state machine of a run, as data: all its edges, and the one function that follows an edge.

A state is the next stage of a run, for which `goal`, and its position: its status, or what it waits
for. `TABLE` defines the edges in rows; `EDGES` is the expanded form. The picture in
docs/architecture.md is generated from `TABLE`.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

from bot.domain.errors import InvalidTransition
from bot.domain.run import FINAL_STATUSES, Goal, Run, Stage, Status, Waiting

FramePosition = Status | Waiting
"""A status, or, if the run waits, what it waits for; never `Status.WAITING` itself."""

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
    """The state of a run."""

    goal: Goal
    stage: Stage
    status: FramePosition

    def __str__(self) -> str:
        return f"{self.goal}: {self.stage}, {self.status}"


class EdgeRule(NamedTuple):
    """Edges of one kind: from any position in `before`, at the stages `at`, to any in `after`.

    `to` is the stage that the edge leads to (`None`: the same stage). `goals` are the goals that
    have the edge; a goal that lacks one of the stages does not have it.
    """

    name: str
    before: frozenset[FramePosition]
    after: frozenset[FramePosition]
    at: tuple[Stage, ...] = tuple(Stage)
    to: Stage | None = None
    goals: tuple[Goal, ...] = tuple(ORDER)


def get_next_stage(goal: Goal, stage: Stage) -> Stage | None:
    """Return the stage after this one, or `None` if it is the last or the goal does not have it."""
    return dict(pairwise(ORDER[goal])).get(stage)


def _set(*positions: FramePosition) -> frozenset[FramePosition]:
    return frozenset(positions)


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
    if after is not Stage.SHIP  # only a proposal, which a person may approve, gets there
    and here is not Stage.BRIEF  # a brief must be agreed on before the change is written
)

TABLE: tuple[EdgeRule, ...] = (
    # Who works on the run; the stage stays.
    EdgeRule("leased", _QUEUED, _RUNNING),
    EdgeRule("handed back", _ACTIVE, _QUEUED),
    EdgeRule("goes on", _WAITS, _QUEUED),
    *_FORWARD,
    # What a step waits for. A thread may be missing at any time, so that edge starts anywhere.
    EdgeRule("no thread", _LIVE, _set(Waiting.THREAD)),
    EdgeRule("all stopped", _RUNNING, _set(Waiting.STOPPED)),
    EdgeRule("own work paused", _RUNNING, _set(Waiting.PAUSED), _BEFORE_SHIP),
    EdgeRule("limit or budget", _RUNNING, _set(Waiting.USAGE_LIMIT, Waiting.BUDGET),
        (Stage.BRIEF, Stage.PLAN, Stage.EXECUTE)),
    EdgeRule("too many changes", _RUNNING, _set(Waiting.TURN), (Stage.EXECUTE,)),
    EdgeRule("asks", _RUNNING, _set(Waiting.QUESTION),
        (Stage.DIAGNOSE, Stage.BRIEF, Stage.EXECUTE), goals=_ASKED),
    # The brief of a requested change.
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
    # After a revision that failed, the earlier proposal is valid again.
    EdgeRule("revision given up", _LIVE, _set(Waiting.UNREVISED), _PROVE, Stage.SHIP, _WRITTEN),
    EdgeRule("revision given up", _RUNNING, _ACTIVE, _PROVE, Stage.PROPOSE, _WRITTEN),
    EdgeRule("revision given up", _QUEUED | _WAITS, _QUEUED, _PROVE, Stage.PROPOSE, _WRITTEN),
    # The end. Only a person can continue a run from there.
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
"""All edges except those between goals.

An investigation that found a failure can become a fix, and so can a running investigation after a
person has said which answer is correct.
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
"""The states that may follow each state. A state without a key has no successor."""

FIRST: Mapping[Goal, RunState] = MappingProxyType(
    {goal: RunState(goal, Stage.OBSERVE, Waiting.THREAD) for goal in ORDER}
)
"""The first state of each goal. A run is queued only once it has a thread to post in."""


def get_state(run: Run) -> RunState:
    """Return the state of a run."""
    return RunState(run.goal, run.stage, run.waiting or run.status)


def move(
    run: Run,
    target: FramePosition,
    stage: Stage | None = None,
    *,
    goal: Goal | None = None,
    **changes: object,
) -> Run:
    """Return the run in another state, with other fields changed too; it is not saved.

    `stage` and `goal` stay if not given. Raises `InvalidTransition` if no edge leads there.
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
