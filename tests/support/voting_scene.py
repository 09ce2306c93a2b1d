"""The scene of a voting story: the world, its people, and the merges that must never happen."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bot.domain.errors import TheseusError
from bot.domain.people import AllowList, PeopleList
from bot.domain.proposal import ForgeProposal
from bot.domain.run import Run, Status
from tests.fakes.fake_forge import FakeForge
from tests.fakes.fake_member_directory import FakeMemberDirectory
from tests.support.agent_harness import DORA, FILES, FIXED
from tests.support.crash_point import CrashPoint
from tests.support.voting_cases import Case, Faults, Tally
from tests.support.voting_messages import VoteDialogue
from tests.support.voting_people import ROLE, VotingPeople
from tests.support.voting_rules import Oracle
from tests.support.voting_template import VotingTemplate

_ON_ITS_WAY = 30  # port calls from the last look at the directory to the merge


class VotingScene:
    """The world of one sequence, and the oracle that checks every merge."""

    def __init__(
        self, mold: VotingTemplate, case: Case, folder: Path, seed: int, tally: Tally, holes: Faults
    ) -> None:
        self._luck = random.Random(seed)
        self._seed = seed
        self._tally = tally
        self._case = case
        self._holes = holes
        self._run = mold.run
        self._thread = mold.run.thread_id or 0
        self._world = mold.create_harness(folder, holes.store(), case.risk)
        self._world.forge.on_merge.append(self._on_merge)
        self._member_directory = FakeMemberDirectory()
        self._world.member_directory = holes.member_directory(self._member_directory)
        self._traffic = VotingPeople(mold.run.trigger.person, self._member_directory, self._luck)
        self._voters = self._traffic.voters
        weighs = bool(
            case.rules.second_for
            & {"high" if case.risk == "high" else "", "security" if case.security else ""}
        )
        self._oracle, self._other_oracle = (
            Oracle(
                {voter.id: voter for voter in self._voters},
                people=case.rules.people if weighs else 1,
                others=weighs and case.rules.other_than_requester,
                not_by={mold.run.trigger.person.id},
                security=case.security,
            )
            for _ in range(2)
        )
        self._ids = {1: mold.run.id, 2: mold.other.id}
        self._talk = VoteDialogue(self._luck, self._list_cards, holes)
        self._heads = [self._list_cards()[-1][1]]
        self._crash_point = CrashPoint()
        self._log: list[str] = []
        self._lost: dict[int, tuple[CrashPoint, int]] = {}

    # What people see

    def _list_cards(self, number: int = 1) -> list[tuple[int, str]]:
        """Return every card of a proposal and the commit it offers, oldest first."""
        return [
            (said.ref.message_id, said.versions[0].buttons[0].arguments[1])
            for said in self._world.chat.messages
            if said.key.startswith(f"{self._ids[number]}:proposal:")
        ]

    def _on_merge(self, pull: ForgeProposal, _commit: str) -> None:
        self._tally.merges += 1
        looked = self._crash_point.hits - _ON_ITS_WAY
        late = {
            who
            for who, (at, when) in self._lost.items()
            if at is self._crash_point and when > looked
        }
        card, head = self._list_cards(pull.number)[-1]
        oracle = self._oracle if pull.number == 1 else self._other_oracle
        if pull.head != head or not oracle.is_allowed(card, head, on_its_way=frozenset(late)):
            self._tally.wrong.append(f"{self._seed}: {pull.head[:7]} after {self._log}")

    # What changes in it

    def _load_limits(self) -> None:
        """Read the configuration, as every start does."""
        users = {voter.id for voter in self._voters if voter.listed} | self._holes.listed
        approvers = PeopleList(users=frozenset(users), roles=frozenset({ROLE}))
        developers = PeopleList(users=frozenset({DORA.id}))
        self._world.limits = replace(
            self._world.limits,
            people=AllowList(developers=developers, approvers=approvers),
            approval=self._case.rules,
            kill_switch=timedelta(seconds=30),
            sweep=timedelta(seconds=2),
        )

    def _change_member(self, act: str) -> None:
        """Give or take a person's role or membership."""
        voter, before = self._traffic.change_member(act)
        self._log.append(f"{act} {voter.name}")
        if before and not voter.can_vote:
            self._lost[voter.id] = (self._crash_point, self._crash_point.hits)

    def _push_commit(self, act: str, forge: FakeForge) -> None:
        pull = next(iter(forge._pulls.values()))
        if pull.state != "open":
            return
        if act == "push back":
            forge.push(pull.branch, self._luck.choice(self._heads))
            return
        good = FILES | {"cogs/dice.py": f"{FIXED}# {self._luck.random()}\n"}
        files = FILES if act == "bad push" else good
        self._heads.append(forge.push(pull.branch, self._world.workspaces.add_snapshot(files)))

    def _change_meanwhile(self, record_vote: Callable[[], object]) -> None:
        """Change a person's rights at the same moment, now and then."""
        if self._luck.random() < 0.2:
            self._change_member(self._luck.choice(("role", "leave")))
            record_vote()

    async def _wait_for_answer(self, asked: object) -> None:
        """Wait for an answer while time passes; a refusal counts as an answer."""
        scenario = asyncio.ensure_future(asked)  # type: ignore[call-overload]
        while not scenario.done():
            await self._world.clock.advance(0.1)
        try:
            await scenario
        except TheseusError as refusal:
            self._tally.refused[refusal.code] += 1

    # Waiting for rest

    async def _wait_for_rest(self) -> Run:
        """Return the run once nothing changes any more."""
        calm = 0
        for _ in range(60):
            await self._world.clock.advance(2)
            run = await self._world.store.get(self._run.id)
            waits = run.status is Status.WAITING and not run.is_parked and await self._is_level()
            calm = calm + 1 if waits else 0
            if run.has_ended or calm > 1:
                return run
        raise AssertionError(f"{self._seed}: {run} does not come to rest after {self._log}")

    async def _is_level(self) -> bool:
        """Return whether the forge's state has been processed and all requests are done."""
        history = await self._world.store.get_history(self._run.id)
        pull = next(iter(self._world.forge._pulls.values()))
        if history.revising is not None or history.pending_instructions:
            return False
        return history.verdict is not None and history.verdict.head == pull.head

    def _has_collision(self, head: str) -> bool:
        """Return whether #2 is merged and #1 is a pushed commit that changes the same lines."""
        return self._world.forge._pulls[2].state == "merged" and head != self._heads[0]

    async def _is_sound(self) -> bool:
        """Return whether the newest card offers the commit at the forge, and that commit is
        verified.
        """
        history = await self._world.store.get_history(self._run.id)
        pull = next(iter(self._world.forge._pulls.values()))
        is_verified = history.verdict is not None and history.verdict.is_passing
        return is_verified and pull.state == "open" and pull.head == self._list_cards()[-1][1]
