"""The state machine: each edge of its table works, all others fail; and what follows from that."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.domain.errors import InvalidTransition
from bot.domain.people import ITSELF, Place
from bot.domain.run import FINAL_STATUSES, Goal, Run, Stage, Status, Trigger, Waiting
from bot.domain.run_state import (
    EDGES,
    FIRST,
    ORDER,
    TABLE,
    Edge,
    FramePosition,
    RunState,
    get_next_stage,
    get_state,
    move,
)
from tests.support.state_diagram import DOCUMENT, extract_diagrams, render_diagrams

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
STANDINGS: tuple[FramePosition, ...] = (
    *(status for status in Status if status is not Status.WAITING),
    *Waiting,
)
GOALS: tuple[Goal, ...] = ("investigate", "fix", "revert")


def a_run(state: RunState) -> Run:
    waiting = state.status if isinstance(state.status, Waiting) else None
    trigger = Trigger(
        key="message:1", goal=state.goal, person=ITSELF, place=Place(channel_id=1), text="", at=NOW
    )
    return Run(
        id="k3m9tq",
        goal=state.goal,
        stage=state.stage,
        status=Status.WAITING if waiting else Status(state.status),
        waiting=waiting,
        trigger=trigger,
        created_at=NOW,
        updated_at=NOW,
    )


def list_successors(state: RunState) -> frozenset[RunState]:
    return frozenset().union(*EDGES.get(state, {}).values())


def went(run: Run, edge: Edge, to: FramePosition) -> bool:
    try:
        return bool(move(run, edge, to))
    except InvalidTransition:
        return False


def reachable() -> Iterator[RunState]:
    seen, left = set[RunState](), list(FIRST.values())
    while left:
        state = left.pop()
        if state not in seen:
            seen.add(state)
            yield state
            left.extend(list_successors(state))


REACHABLE = tuple(reachable())


def test_every_standing_comes_about() -> None:
    assert {state.status for state in REACHABLE} == {*STANDINGS}


def test_from_every_state_each_edge_works_and_all_else_is_refused() -> None:
    for state in REACHABLE:
        run, edges = a_run(state), EDGES.get(state, {})
        for edge, states in edges.items():
            assert {get_state(move(run, edge, to.status)) for to in states} == states
            others = {*STANDINGS} - {to.status for to in states}
            assert not [to for to in others if went(run, edge, to)]
        assert not [edge for edge in Edge if edge not in edges and went_anywhere(run, edge)]


def went_anywhere(run: Run, edge: Edge) -> bool:
    return any(went(run, edge, to) for to in STANDINGS)


def test_an_edge_leads_from_a_state_to_one_stage_of_one_goal() -> None:
    for state in REACHABLE:
        for states in EDGES.get(state, {}).values():
            assert len({(to.goal, to.stage) for to in states}) == 1


def test_an_edge_that_does_not_leave_the_state_is_refused_by_name() -> None:
    run = a_run(RunState("fix", Stage.PLAN, Status.RUNNING))
    with pytest.raises(InvalidTransition, match="“fix: plan, running” by “pushed to”"):
        move(run, Edge.PUSHED_TO)


def test_where_an_edge_leads_to_several_statuses_one_is_named() -> None:
    run = a_run(RunState("fix", Stage.PLAN, Status.RUNNING))
    with pytest.raises(InvalidTransition, match="“next step”"):
        move(run, Edge.NEXT_STEP)
    assert move(run, Edge.NEXT_STEP, Status.QUEUED).stage is Stage.EXECUTE


def test_a_run_never_leaves_the_stages_of_its_goal() -> None:
    assert all(state.stage in ORDER[state.goal] for state in REACHABLE)
    assert [
        get_next_stage("revert", stage) for stage in (Stage.OBSERVE, Stage.PLAN, Stage.SHIP)
    ] == [
        Stage.EXECUTE,
        None,
        None,
    ]


def test_what_has_ended_goes_on_only_from_the_beginning_or_as_a_fix_of_what_was_found() -> None:
    fix = RunState("fix", Stage.PLAN, Status.QUEUED)
    for state in REACHABLE:
        if state.status in FINAL_STATUSES:
            again = RunState(state.goal, Stage.OBSERVE, Status.QUEUED)
            assert list_successors(state) <= {again, fix}
    shipped = [s for s in REACHABLE if s.status is Status.DONE and s.stage is Stage.SHIP]
    assert shipped
    assert not [state for state in shipped if state in EDGES]


def test_whatever_happens_a_live_run_can_fail_and_be_cancelled() -> None:
    for state in REACHABLE:
        if state.status not in FINAL_STATUSES:
            ends = {to.status for to in list_successors(state)}
            assert {Status.FAILED, Status.CANCELLED, Waiting.THREAD} <= ends


def test_an_earlier_head_can_be_proposed_whatever_a_step_saved_before_it_failed() -> None:
    stages = {Stage.EXECUTE, Stage.VERIFY, Stage.PROPOSE}
    for state in REACHABLE:
        is_written = state.goal in ("fix", "change") and state.stage in stages
        if is_written and state.status not in FINAL_STATUSES:
            assert Edge.EARLIER_HEAD_HOLDS in EDGES[state]


def test_nothing_ships_that_has_not_waited_for_a_word() -> None:
    at_work = {Status.QUEUED, Status.RUNNING}
    edges = [(state, to) for state in REACHABLE for to in list_successors(state)]
    for state, to in edges:
        if to.stage is Stage.SHIP and to.status in at_work:
            assert state.stage is Stage.SHIP
            assert state.status in at_work or isinstance(state.status, Waiting)


def test_a_waiting_run_says_what_for_and_no_other_does() -> None:
    run = a_run(FIRST["fix"])
    for changes in ({"waiting": None}, {"status": Status.QUEUED}, {"status": Status.DONE}):
        with pytest.raises(ValueError, match="cannot wait for"):
            run.replace(**changes)


def test_the_picture_in_the_documents_is_the_tables() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    assert extract_diagrams(document) == render_diagrams(), (
        "draw it again: python -m tests.support.state_diagram"
    )


class Walk(RuleBasedStateMachine):
    """One run, taken along any edges; tried at each state with anything else."""

    @initialize(goal=st.sampled_from(GOALS))
    def begin(self, goal: Goal) -> None:
        self.run = a_run(FIRST[goal])
        self.proposed = self.said = False

    @rule(data=st.data())
    def follow(self, data: st.DataObject) -> None:
        """Take an edge; what waits for a word about a proposal has one, as `wait` asks for."""
        edges = [
            (edge, to)
            for edge, states in EDGES.get(get_state(self.run), {}).items()
            for to in sorted(states, key=str)
            if self._has_what_it_takes(to)
        ]
        if not edges:
            return
        before, (edge, to) = self.run, data.draw(st.sampled_from(edges))
        self.run = move(before, edge, to.status)
        self.proposed = to.stage is Stage.SHIP or (self.proposed and to.stage is not Stage.OBSERVE)
        waited = before.stage is Stage.SHIP and before.waiting is not None
        self.said = waited or (self.said and to.stage is Stage.SHIP and not self.run.waiting)

    def _has_what_it_takes(self, to: RunState) -> bool:
        return to.stage is not Stage.SHIP or self.proposed or self.run.stage is Stage.PROPOSE

    @rule(edge=st.sampled_from(Edge), to=st.sampled_from(STANDINGS))
    def try_anything(self, edge: Edge, to: FramePosition) -> None:
        states = EDGES.get(get_state(self.run), {}).get(edge, frozenset())
        if to in {state.status for state in states}:
            return
        with pytest.raises(InvalidTransition):
            move(self.run, edge, to)

    @invariant()
    def waits_for_something(self) -> None:
        assert (self.run.status is Status.WAITING) == (self.run.waiting is not None)

    @invariant()
    def ships_only_what_was_proposed_and_spoken_for(self) -> None:
        if self.run.stage is Stage.SHIP:
            assert self.proposed
        if self.run.stage is Stage.SHIP and self.run.status is Status.RUNNING:
            assert self.said


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=40)


def test_each_row_of_the_table_is_an_edge_somewhere() -> None:
    for row in TABLE:
        ways = [
            (RunState(goal, stage, before), RunState(goal, row.to or stage, after))
            for goal in row.goals
            for stage in row.at
            for before in row.before
            for after in row.after
        ]
        assert any(to in EDGES.get(state, {}).get(row.edge, frozenset()) for state, to in ways), (
            row.edge
        )


def test_every_name_is_an_edge_somewhere() -> None:
    assert {edge for state in REACHABLE for edge in EDGES.get(state, {})} == {*Edge}
