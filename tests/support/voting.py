"""People, edits, reactions, pushes, restarts, roles that come and go: and what gets merged."""

import asyncio
import random
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bot.domain.errors import TheseusError
from bot.domain.people import AllowList, PeopleList
from bot.domain.proposal import ForgeProposal, How
from bot.domain.run import Run, Status
from bot.self_improvement import ApprovalRequest, SelfImprovementAgent
from tests.fakes.fake_forge import FakeForge
from tests.fakes.fake_roster import FakeRoster
from tests.support.fuse import Fuse, Killed
from tests.support.voting_cases import Case, Holes, Tally, cases
from tests.support.voting_crowd import ROLE, Crowd
from tests.support.voting_mold import Mold
from tests.support.voting_rules import Oracle, Word
from tests.support.world import DORA, FILES, FIXED

WAYS: tuple[How, ...] = ("text", "reaction", "button", "slash")
LONGEST = 9
_ON_ITS_WAY = 30  # moments at doors from the last look at the roster to the merge


class Story:
    """One sequence: what happens, and the oracle that looks on."""

    def __init__(
        self, mold: Mold, case: Case, folder: Path, seed: int, tally: Tally, holes: Holes
    ) -> None:
        self._luck = random.Random(seed)
        self._seed = seed
        self._tally = tally
        self._case = case
        self._holes = holes
        self._run = mold.run
        self._thread = mold.run.thread_id or 0
        self._world = mold.world(folder, holes.store(), case.risk)
        self._world.forge.on_merge.append(self._merged)
        self._roster = FakeRoster()
        self._world.roster = holes.roster(self._roster)
        self._crowd = Crowd(mold.run.trigger.person, self._roster, self._luck)
        self._voters = self._crowd.voters
        weighs = bool(
            case.rules.second_for
            & {"high" if case.risk == "high" else "", "security" if case.security else ""}
        )
        self._oracle = Oracle(
            {voter.id: voter for voter in self._voters},
            people=case.rules.people if weighs else 1,
            others=weighs and case.rules.other_than_requester,
            not_by={mold.run.trigger.person.id},
            security=case.security,
        )
        self._heads = [self._cards()[-1][1]]
        self._fuse = Fuse()
        self._log: list[str] = []
        self._lost: dict[int, tuple[Fuse, int]] = {}

    # What everybody sees

    def _cards(self) -> list[tuple[int, str]]:
        """Return every proposal card and the commit it offers, oldest first."""
        return [
            (said.ref.message_id, said.versions[0].buttons[0].arguments[1])
            for said in self._world.chat.said
            if said.key.startswith(f"{self._run.id}:proposal:")
        ]

    def _merged(self, pull: ForgeProposal, _commit: str) -> None:
        self._tally.merges += 1
        looked = self._fuse.burnt - _ON_ITS_WAY
        late = {who for who, (at, when) in self._lost.items() if at is self._fuse and when > looked}
        card, head = self._cards()[-1]
        if pull.head != head or not self._oracle.allows(card, head, on_its_way=frozenset(late)):
            self._tally.wrong.append(f"{self._seed}: {pull.head[:7]} after {self._log}")

    # What happens

    async def go(self) -> None:
        """Play the sequence, over as many starts as it takes; then see that a word still ships."""
        acts = self._luck.choices(self._holes.acts, k=self._luck.randint(2, LONGEST))
        self._tally.sequences += 1
        while acts:
            self._fuse = Fuse()
            self._limits()
            async with self._world.running(self._fuse) as agent:
                with suppress(Killed):
                    while acts and await self._lives_on(agent, acts.pop(0)):
                        pass
        self._limits()
        async with self._world.running() as agent:
            await self._ends_well(agent)

    def _limits(self) -> None:
        """Read the configuration, as every start does."""
        users = {voter.id for voter in self._voters if voter.listed} | self._holes.listed
        approvers = PeopleList(users=frozenset(users), roles=frozenset({ROLE}))
        developers = PeopleList(users=frozenset({DORA.id}))
        self._world.limits = replace(
            self._world.limits,
            people=AllowList(developers=developers, approvers=approvers),
            approval=self._case.rules,
            brake=timedelta(seconds=30),
            sweep=timedelta(seconds=2),
        )

    async def _lives_on(self, agent: SelfImprovementAgent, act: str) -> bool:
        self._tally.acts[act] += 1
        if act in ("restart", "kill", "list"):
            self._log.append(act)
            if act == "list":  # the configuration is read at the start
                voter = self._luck.choice([v for v in self._voters if not v.bot])
                voter.listed = not voter.listed if voter.name != "mallory" else False
            elif act == "kill":
                self._fuse.after = self._fuse.burnt
            return False
        if act == "step":
            for _ in range(self._luck.randint(1, 30)):
                await asyncio.sleep(0)
        elif act == "time":
            await self._world.clock.advance(self._luck.choice((0.5, 3, 20)))
        elif act in ("role", "leave"):
            self._changes(act)
        elif act == "say":
            await self._says(agent, self._anything())
        else:
            await self._asks(agent, act)
        return True

    def _changes(self, act: str) -> None:
        """Let somebody get or lose the role, come or leave."""
        voter, before = self._crowd.changes(act)
        self._log.append(f"{act} {voter.name}")
        if before and not voter.may:
            self._lost[voter.id] = (self._fuse, self._fuse.burnt)

    async def _asks(self, agent: SelfImprovementAgent, act: str) -> None:
        forge, chosen = self._world.forge, self._luck.choice(self._voters)
        self._log.append(act)
        if act == "forge down":
            forge.down = not forge.down
        elif act == "chat down":
            self._roster.down = not self._roster.down
        elif act in ("reject", "cancel", "revise"):
            asking = {
                "reject": lambda: agent.reject(self._run.id, self._crowd.shown(chosen)),
                "cancel": lambda: agent.cancel(self._run.id, self._crowd.shown(chosen)),
                "revise": lambda: agent.revise(self._run.id, self._crowd.shown(chosen), "more"),
            }
            if chosen.name not in ("mallory", "robo") or self._luck.random() < 0.5:
                try:
                    await self._patiently(asking[act]())
                finally:
                    history = await self._world.store.history(self._run.id)
                    self._oracle.is_asked(history.instructions)
        else:
            self._pushes(act, forge)

    def _pushes(self, act: str, forge: FakeForge) -> None:
        pull = next(iter(forge._pulls.values()))
        if pull.state != "open":
            return
        if act == "push back":
            forge.push(pull.branch, self._luck.choice(self._heads))
            return
        good = FILES | {"cogs/dice.py": f"{FIXED}# {self._luck.random()}\n"}
        files = FILES if act == "bad push" else good
        self._heads.append(forge.push(pull.branch, self._world.workspaces.pushed(files)))

    # Words

    def _anything(self) -> Word:
        """Return what somebody may say or press: often right, and wrong in every way there is."""
        luck, cards = self._luck, self._cards()
        odd = luck.random() < 0.4
        voter = luck.choice(self._voters)
        how = luck.choice(WAYS)
        card, head = luck.choice(cards) if odd else cards[-1]
        word = Word(voter, how, reviewed=self._case.security and luck.random() < 0.8)
        if how in ("button", "reaction") or (how == "text" and luck.random() < 0.3):
            word.card, word.head = card, head
        if how in ("text", "slash"):
            word.said = card - 1 if odd else next(self._world.chat._ids)
        if odd and luck.random() < 0.4:
            word.head = luck.choice([*self._heads, "0" * 40, head[:7]])
        if odd and luck.random() < 0.3:
            word.number, word.edited = luck.choice((None, 1, 47)), luck.random() < 0.5
        return word

    async def _says(self, agent: SelfImprovementAgent, word: Word) -> None:
        self._tally.words += 1
        self._log.append(f"{word.voter.name} {word.how} {word.card} {word.head and word.head[:7]}")
        card, head = self._cards()[-1]
        self._oracle.hears(word, card, head, 1)
        how: How = "text" if word.how == "text" else word.how  # type: ignore[assignment]
        request = ApprovalRequest(
            person=self._crowd.shown(word.voter),
            how=how,
            run_id=self._run.id if word.card else None,
            thread_id=None if word.card else self._thread,
            card_id=word.card,
            head=word.head,
            number=word.number,
            said_id=word.said,
            edited=word.edited,
            security_reviewed=word.reviewed,
        )
        if self._luck.random() < 0.2:  # and something else at the same moment
            self._changes(self._luck.choice(("role", "leave")))
            self._oracle.hears(word, card, head, 1)
        await self._patiently(agent.approve(request))

    async def _patiently(self, asked: object) -> None:
        """Wait for an answer, time passing; a refusal is one."""
        happening = asyncio.ensure_future(asked)  # type: ignore[call-overload]
        while not happening.done():
            await self._world.clock.advance(0.1)
        try:
            await happening
        except TheseusError as refusal:
            self._tally.refused[refusal.code] += 1

    # In the end

    async def _ends_well(self, agent: SelfImprovementAgent) -> None:
        """Whatever happened: as many words as it takes, of people who may, do ship."""
        self._world.forge.down = self._roster.down = False
        run = await self._rests()
        if run.ended or not await self._is_sound():
            return
        card, head = self._cards()[-1]
        for voter in self._voters:
            if voter.may and not self._oracle.shaped(voter):
                word = Word(voter, "button", card, head, reviewed=True)
                if self._oracle.hears(word, card, head, 1):
                    self._log.append(f"{voter.name} presses")
                    person = self._roster.members[voter.id]
                    request = ApprovalRequest(
                        person=person, how="button", run_id=run.id, card_id=card, head=head,
                        security_reviewed=True,
                    )  # fmt: skip
                    await self._patiently(agent.approve(request))
                    run = await self._rests()
        if self._oracle.allows(card, head) and run.status is not Status.DONE:
            self._tally.stuck.append(f"{self._seed}: {run.reason or run.status} {self._log}")

    async def _rests(self) -> Run:
        """Return the run once nothing happens any more."""
        calm = 0
        for _ in range(60):
            await self._world.clock.advance(2)
            run = await self._world.store.get(self._run.id)
            waits = run.status is Status.WAITING and not run.parked and await self._is_level()
            calm = calm + 1 if waits else 0
            if run.ended or calm > 1:
                return run
        raise AssertionError(f"{self._seed}: {run} does not come to rest after {self._log}")

    async def _is_level(self) -> bool:
        """Whether what stands at the forge has been looked at, and what was asked has been done."""
        history = await self._world.store.history(self._run.id)
        pull = next(iter(self._world.forge._pulls.values()))
        if history.revising is not None or history.unheard:
            return False
        return history.verdict is not None and history.verdict.head == pull.head

    async def _is_sound(self) -> bool:
        """Whether the newest card offers what is at the forge, and that is proven."""
        history = await self._world.store.history(self._run.id)
        pull = next(iter(self._world.forge._pulls.values()))
        green = history.verdict is not None and history.verdict.green
        return green and pull.state == "open" and pull.head == self._cards()[-1][1]


async def play(folder: Path, sequences: int, *, seed: int = 1, holes: Holes | None = None) -> Tally:
    """Play so many sequences, the same ones every time; return what came of them.

    With `holes`, only until one is found.
    """
    tally = Tally()
    molds = {
        security: await Mold.cast(folder / f"mold{security}", security=security)
        for security in (False, True)
    }
    every = cases()
    for number in range(sequences):
        case = every[number % len(every)]
        where = folder / str(number)
        story = Story(
            molds[case.security], case, where, seed * 1_000_000 + number, tally, holes or Holes()
        )
        await story.go()
        if holes is not None and tally.wrong:
            break
    return tally
