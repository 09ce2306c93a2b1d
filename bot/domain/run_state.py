"""The state machine of a run, as data: all its edges, and the one function that follows an edge.

A state is the next stage of a run, for which `goal`, and its position: its status, or what it waits
for. Every edge has a name (`Edge`), and every move says which edge it takes. `TABLE` defines the
edges in rows; `EDGES` is the expanded form. The picture in docs/architecture.md is generated from
`TABLE`.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum, unique
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


@unique
class Edge(StrEnum):
    """The name of an edge: what moves a run out of its state, always to the same next stage."""

    LEASED = "leased"
    HANDED_BACK = "handed back"
    GOES_ON = "goes on"
    NEXT_STEP = "next step"
    NO_THREAD = "no thread"
    ALL_STOPPED = "all stopped"
    OWN_WORK_PAUSED = "own work paused"
    LIMIT_OR_BUDGET = "limit or budget"
    TOO_MANY_CHANGES = "too many changes"
    ASKS = "asks"
    UNDERSTOOD = "understood"
    MEANT_OTHERWISE = "meant otherwise"
    FORGE_NOT_READY = "forge not ready"
    ANOTHER_ROUND = "another round"
    NEXT_CANDIDATE = "next candidate"
    BEST_CANDIDATE = "best candidate"
    FOUND_NOT_PROVEN = "found, not proven"
    PROPOSED = "proposed"
    BRANCH_MOVED = "branch moved"
    NOT_SHIPPED = "not shipped"
    CHECKED_AGAIN = "checked again"
    PUSHED_TO = "pushed to"
    REVISED = "revised"
    NEW_THREAD = "new thread"
    REVISION_GIVEN_UP = "revision given up"
    EARLIER_HEAD_HOLDS = "revision given up: earlier head holds"
    ANSWERED = "answered"
    SHIPPED = "shipped"
    MERGED_BY_HAND = "merged by hand"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DIED_TWICE = "died twice"
    FAILURE_CHOSEN = "failure chosen"
    RETRIED = "retried"
    FIX_REQUESTED = "fix requested"
    FIX_CONFIRMED = "fix confirmed"

    @property
    def label(self) -> str:
        """The name in the picture, where what follows a colon is left out."""
        return self.value.partition(":")[0]


class EdgeRule(NamedTuple):
    """A row of an edge: from any position in `before`, at the stages `at`, to any in `after`.

    `to` is the stage that the edge leads to (`None`: the same stage). `goals` are the goals that
    have the edge; a goal that lacks one of the stages does not have it.
    """

    edge: Edge
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
    EdgeRule(Edge.NEXT_STEP, _RUNNING, _ACTIVE, (here,), after, (goal,))
    for goal, order in ORDER.items()
    for here, after in pairwise(order)
    if after is not Stage.SHIP  # only a proposal, which a person may approve, gets there
    and here is not Stage.BRIEF  # a brief must be agreed on before the change is written
)

TABLE: tuple[EdgeRule, ...] = (
    # Who works on the run; the stage stays.
    EdgeRule(Edge.LEASED, _QUEUED, _RUNNING),
    EdgeRule(Edge.HANDED_BACK, _ACTIVE, _QUEUED),
    EdgeRule(Edge.GOES_ON, _WAITS, _QUEUED),
    *_FORWARD,
    # What a step waits for. A thread may be missing at any time, so that edge starts anywhere.
    EdgeRule(Edge.NO_THREAD, _LIVE, _set(Waiting.THREAD)),
    EdgeRule(Edge.ALL_STOPPED, _RUNNING, _set(Waiting.STOPPED)),
    EdgeRule(Edge.OWN_WORK_PAUSED, _RUNNING, _set(Waiting.PAUSED), _BEFORE_SHIP),
    EdgeRule(Edge.LIMIT_OR_BUDGET, _RUNNING, _set(Waiting.USAGE_LIMIT, Waiting.BUDGET),
        (Stage.BRIEF, Stage.PLAN, Stage.EXECUTE)),
    EdgeRule(Edge.TOO_MANY_CHANGES, _RUNNING, _set(Waiting.TURN), (Stage.EXECUTE,)),
    EdgeRule(Edge.ASKS, _RUNNING, _set(Waiting.QUESTION),
        (Stage.DIAGNOSE, Stage.BRIEF, Stage.EXECUTE), goals=_ASKED),
    # The brief of a requested change.
    EdgeRule(Edge.UNDERSTOOD, _RUNNING, _set(Waiting.AGREEMENT), (Stage.BRIEF,), Stage.EXECUTE),
    EdgeRule(Edge.MEANT_OTHERWISE, _set(Waiting.AGREEMENT), _QUEUED, (Stage.EXECUTE,), Stage.BRIEF),
    EdgeRule(Edge.FORGE_NOT_READY, _RUNNING, _set(Waiting.FORGE), _SHIP),
    # Rounds and proposals.
    EdgeRule(Edge.ANOTHER_ROUND, _RUNNING, _RUNNING, (Stage.VERIFY,), Stage.EXECUTE, _WRITTEN),
    EdgeRule(Edge.NEXT_CANDIDATE, _RUNNING, _RUNNING, (Stage.EXECUTE,), Stage.EXECUTE, ("change",)),
    EdgeRule(Edge.BEST_CANDIDATE, _RUNNING, _ACTIVE, (Stage.EXECUTE, Stage.VERIFY), Stage.PROPOSE,
        ("change",)),
    EdgeRule(Edge.FOUND_NOT_PROVEN, _RUNNING, _set(Waiting.JUDGEMENT), (Stage.PROPOSE,),
        goals=("fix",)),
    EdgeRule(Edge.PROPOSED, _RUNNING, _set(Waiting.APPROVAL), (Stage.PROPOSE,), Stage.SHIP),
    EdgeRule(Edge.BRANCH_MOVED, _RUNNING, _set(Waiting.APPROVAL), (Stage.VERIFY,), Stage.SHIP),
    EdgeRule(Edge.NOT_SHIPPED, _LIVE, _set(Waiting.UNSHIPPED), (Stage.VERIFY, Stage.SHIP),
        Stage.SHIP),
    EdgeRule(Edge.CHECKED_AGAIN, _RUNNING, _RUNNING, _SHIP, Stage.VERIFY),
    EdgeRule(Edge.PUSHED_TO, _WAITS, _QUEUED, _SHIP, Stage.VERIFY),
    EdgeRule(Edge.REVISED, _WAITS, _QUEUED, _SHIP, Stage.EXECUTE, _WRITTEN),
    EdgeRule(Edge.NEW_THREAD, _WAITS, _QUEUED, _SHIP, Stage.PROPOSE),
    # After a revision that failed, the earlier proposal is valid again.
    EdgeRule(Edge.REVISION_GIVEN_UP, _LIVE, _set(Waiting.UNREVISED), _PROVE, Stage.SHIP, _WRITTEN),
    EdgeRule(Edge.EARLIER_HEAD_HOLDS, _RUNNING, _ACTIVE, _PROVE, Stage.PROPOSE, _WRITTEN),
    EdgeRule(Edge.EARLIER_HEAD_HOLDS, _QUEUED | _WAITS, _QUEUED, _PROVE, Stage.PROPOSE, _WRITTEN),
    # The end. Only a person can continue a run from there.
    EdgeRule(Edge.ANSWERED, _RUNNING, _set(Status.DONE), (Stage.DIAGNOSE,)),
    EdgeRule(Edge.SHIPPED, _RUNNING, _set(Status.DONE), _SHIP),
    EdgeRule(Edge.MERGED_BY_HAND, _WAITS, _set(Status.DONE), _SHIP),
    EdgeRule(Edge.REJECTED, _WAITS, _set(Status.REJECTED), _SHIP),
    EdgeRule(Edge.REJECTED, _set(Waiting.JUDGEMENT), _set(Status.REJECTED), (Stage.PROPOSE,)),
    EdgeRule(Edge.FAILED, _LIVE, _set(Status.FAILED)),
    EdgeRule(Edge.CANCELLED, _LIVE, _set(Status.CANCELLED)),
    EdgeRule(Edge.DIED_TWICE, _RUNNING, _set(Status.QUARANTINED)),
    EdgeRule(Edge.FAILURE_CHOSEN, _set(Status.DONE), _QUEUED, (Stage.DIAGNOSE,), Stage.OBSERVE),
    EdgeRule(Edge.RETRIED, _FINAL - {Status.DONE}, _QUEUED, to=Stage.OBSERVE),
    # Done without a proposal: it answered, or found nothing to change.
    EdgeRule(Edge.RETRIED, _set(Status.DONE), _QUEUED, (Stage.DIAGNOSE,), Stage.OBSERVE),
)  # fmt: skip
"""All edges except those between goals.

An investigation that found a failure can become a fix, and so can a running investigation after a
person has said which answer is correct.
"""

_FOUND = RunState("investigate", Stage.DIAGNOSE, Status.DONE)
_CONFIRMED = RunState("investigate", Stage.DIAGNOSE, Status.RUNNING)
_GOES_ON = RunState("fix", Stage.PLAN, Status.RUNNING)
_TO_BE_FIXED = RunState("fix", Stage.PLAN, Status.QUEUED)


def _iterate_edges() -> Iterator[tuple[RunState, Edge, RunState]]:
    yield _FOUND, Edge.FIX_REQUESTED, _TO_BE_FIXED
    yield _CONFIRMED, Edge.FIX_CONFIRMED, _GOES_ON
    for row in TABLE:
        for goal in row.goals:
            for stage in set(row.at) & set(ORDER[goal]):
                to = row.to or stage
                if to in ORDER[goal]:
                    for before in row.before:
                        for after in row.after:
                            state = RunState(goal, stage, before)
                            yield state, row.edge, RunState(goal, to, after)


def _index_edges() -> Mapping[RunState, Mapping[Edge, frozenset[RunState]]]:
    found: dict[RunState, dict[Edge, frozenset[RunState]]] = {}
    for before, edge, after in _iterate_edges():
        edges = found.setdefault(before, {})
        edges[edge] = edges.get(edge, frozenset()) | {after}
    return MappingProxyType({state: MappingProxyType(edges) for state, edges in found.items()})


EDGES = _index_edges()
"""The edges that leave each state, and the states they lead to.

The states of one edge differ only in what the run does there. A state without a key has no
successor.
"""

FIRST: Mapping[Goal, RunState] = MappingProxyType(
    {goal: RunState(goal, Stage.OBSERVE, Waiting.THREAD) for goal in ORDER}
)
"""The first state of each goal. A run is queued only once it has a thread to post in."""


def get_state(run: Run) -> RunState:
    """Return the state of a run."""
    return RunState(run.goal, run.stage, run.waiting or run.status)


def move(run: Run, edge: Edge, to: FramePosition | None = None, **changes: object) -> Run:
    """Return the run after an edge, with other fields changed too; it is not saved.

    The edge defines the stage and the goal. `to` is only needed if it leads to several statuses.
    Raises `InvalidTransition` if the edge does not leave the run's state, or does not lead to `to`.
    """
    before = get_state(run)
    states = EDGES.get(before, {}).get(edge, frozenset())
    fitting = [state for state in states if to in (None, state.status)]
    if len(fitting) != 1:
        target = f" to “{to}”" if to else ""
        raise InvalidTransition(f"Run {run.id} cannot go from “{before}” by “{edge}”{target}.")
    after = fitting[0]
    waiting = after.status if isinstance(after.status, Waiting) else None
    status = Status.WAITING if waiting else after.status
    return run.replace(
        goal=after.goal, stage=after.stage, status=status, waiting=waiting, **changes
    )
