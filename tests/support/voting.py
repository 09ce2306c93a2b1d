"""Random sequences of approvals, edits, reactions, pushes, restarts and role changes, and the
merges.
"""

import asyncio
from contextlib import suppress
from pathlib import Path

from bot.authority.approvals import ApprovalRequest
from bot.domain.proposal import How
from bot.domain.run import Status
from tests.support.agent_under_test import AgentUnderTest
from tests.support.crash_point import CrashPoint, Killed
from tests.support.voting_cases import Faults, Tally, list_cases
from tests.support.voting_rules import Vote
from tests.support.voting_scene import VotingScene
from tests.support.voting_template import VotingTemplate

METHODS: tuple[How, ...] = ("text", "reaction", "button", "slash")
LONGEST = 10


class VotingStory(VotingScene):
    """One sequence: its acts and the people's messages."""

    async def run(self) -> None:
        """Run the sequence, over as many starts as it needs; then check that approvals still
        ship.
        """
        acts = self._luck.choices(self._holes.acts, k=self._luck.randint(2, LONGEST))
        self._tally.sequences += 1
        while acts:
            self._crash_point = CrashPoint()
            self._load_limits()
            async with self._world.run_agent(self._crash_point) as agent:
                with suppress(Killed):
                    while acts and await self._run_act(agent, acts.pop(0)):
                        pass
        self._load_limits()
        async with self._world.run_agent() as agent:
            await self._check_ending(agent)

    async def _run_act(self, agent: AgentUnderTest, act: str) -> bool:
        self._tally.acts[act] += 1
        if act in ("restart", "kill", "list"):
            self._log.append(act)
            if act == "list":  # the configuration is read at the start
                voter = self._luck.choice([v for v in self._voters if not v.bot])
                voter.listed = not voter.listed if voter.name != "mallory" else False
            elif act == "kill":
                self._crash_point.after = self._crash_point.hits
            return False
        words = {"say": self._submit_vote, "speak": self._send_message, "press": self._press_button}
        if act == "step":
            for _ in range(self._luck.randint(1, 30)):
                await asyncio.sleep(0)
        elif act == "time":
            for _ in range(self._luck.randint(1, 4)):
                await self._world.clock.advance(self._luck.choice((0.5, 3, 20)))
        elif act in ("role", "leave"):
            self._change_member(act)
        elif act in words:
            await words[act](agent)
        else:
            await self._request_change(agent, act)
        return True

    async def _request_change(self, agent: AgentUnderTest, act: str) -> None:
        forge, chosen = self._world.forge, self._luck.choice(self._voters)
        self._log.append(act)
        if act == "forge down":
            forge.down = not forge.down
        elif act == "chat down":
            self._member_directory.down = not self._member_directory.down
        elif act in ("reject", "cancel", "revise"):
            asking = {
                "reject": lambda: agent.reject(self._run.id, self._traffic.draw_person(chosen)),
                "cancel": lambda: agent.cancel(self._run.id, self._traffic.draw_person(chosen)),
                "revise": lambda: agent.revise(
                    self._run.id, self._traffic.draw_person(chosen), "more"
                ),
            }
            if chosen.name not in ("mallory", "robo") or self._luck.random() < 0.5:
                try:
                    await self._wait_for_answer(asking[act]())
                finally:
                    history = await self._world.store.get_history(self._run.id)
                    self._oracle.record_instructions(history.instructions)
        else:
            self._push_commit(act, forge)

    # Approvals

    def _draw_vote(self) -> Vote:
        """Return a random vote: often valid, otherwise wrong in any possible way."""
        luck, cards = self._luck, self._list_cards()
        odd = luck.random() < 0.4
        voter = luck.choice(self._voters)
        how = luck.choice(METHODS)
        card, head = luck.choice(cards) if odd else cards[-1]
        word = Vote(voter, how, reviewed=self._case.security and luck.random() < 0.8)
        if how in ("button", "reaction") or (how == "text" and luck.random() < 0.3):
            word.card, word.head = card, head
        if how in ("text", "slash"):
            word.message_id = card - 1 if odd else next(self._world.chat._ids)
        if odd and luck.random() < 0.4:
            word.head = luck.choice([*self._heads, "0" * 40, head[:7]])
        if odd and luck.random() < 0.3:
            word.number, word.edited = luck.choice((None, 1, 47)), luck.random() < 0.5
        return word

    async def _submit_vote(self, agent: AgentUnderTest) -> None:
        word = self._draw_vote()
        self._tally.votes += 1
        self._log.append(f"{word.voter.name} {word.how} {word.card} {word.head and word.head[:7]}")
        card, head = self._list_cards()[-1]
        self._oracle.record_vote(word, card, head, 1)
        how: How = "text" if word.how == "text" else word.how  # type: ignore[assignment]
        request = ApprovalRequest(
            person=self._traffic.draw_person(word.voter),
            how=how,
            run_id=self._run.id if word.card else None,
            thread_id=None if word.card else self._thread,
            card_id=word.card,
            head=word.head,
            number=word.number,
            source_id=word.message_id,
            edited=word.edited,
            security_reviewed=word.reviewed,
        )
        self._change_meanwhile(lambda: self._oracle.record_vote(word, card, head, 1))
        await self._wait_for_answer(agent.approve(request))

    async def _send_message(self, agent: AgentUnderTest) -> None:
        """Post in the thread of #1, sometimes as a reply to a card; only plain messages count."""
        luck, said = self._luck, self._talk.draw_message(security=self._case.security)
        voter, edited = luck.choice(self._voters), luck.random() < 0.1
        word = Vote(voter, "text", reviewed=said.reviewed, number=said.number, edited=edited)
        word.message_id = next(self._world.chat._ids)
        if luck.random() < 0.3:
            word.card, word.head = luck.choice(self._list_cards())
        self._tally.votes += 1
        self._log.append(f"{voter.name}: {said.text!r} {word.card}")
        card, head = self._list_cards()[-1]
        before = len(self._talk.buttons)

        def record_vote() -> None:
            if said.plain:
                self._oracle.record_vote(word, card, head, 1)

        record_vote()
        self._change_meanwhile(record_vote)
        person = self._traffic.draw_person(voter)
        await self._wait_for_answer(
            self._talk.handle_message(self._world, agent, self._run.id, said, word, person)
        )
        self._tally.asked_back += len(self._talk.buttons) > before

    async def _press_button(self, agent: AgentUnderTest) -> None:
        """Press a button of a question, sometimes an old one; it counts for what the question
        showed.
        """
        if not self._talk.buttons:
            await self._send_message(agent)
            return
        shown, voter = self._luck.choice(self._talk.buttons), self._luck.choice(self._voters)
        self._tally.votes += 1
        self._tally.pressed += 1
        self._log.append(f"{voter.name} presses {shown.button.label} {shown.head[:7]}")
        oracle = self._oracle if shown.number == 1 else self._other_oracle
        card, head = self._list_cards(shown.number)[-1]

        def record_vote() -> None:
            if shown.button.label.startswith("Ship"):
                oracle.record_vote(shown.build_vote(voter), card, head, shown.number)

        record_vote()
        self._change_meanwhile(record_vote)
        person = self._traffic.draw_person(voter)
        await self._wait_for_answer(self._talk.press(self._world, agent, shown, person))

    # In the end

    async def _check_ending(self, agent: AgentUnderTest) -> None:
        """Check that enough approvals of permitted people still ship, whatever happened before."""
        self._world.forge.down = self._member_directory.down = False
        run = await self._wait_for_rest()
        if run.has_ended or not await self._is_sound():
            return
        card, head = self._list_cards()[-1]
        for voter in self._voters:
            if voter.can_vote and not self._oracle.is_own_change(voter):
                word = Vote(voter, "button", card, head, reviewed=True)
                if self._oracle.record_vote(word, card, head, 1):
                    self._log.append(f"{voter.name} presses")
                    person = self._member_directory.members[voter.id]
                    request = ApprovalRequest(
                        person=person, how="button", run_id=run.id, card_id=card, head=head,
                        security_reviewed=True,
                    )  # fmt: skip
                    await self._wait_for_answer(agent.approve(request))
                    run = await self._wait_for_rest()
        if self._oracle.is_allowed(card, head) and run.status is not Status.DONE:
            if self._has_collision(head) and "in the same places" in (run.reason or ""):
                self._tally.collided += 1
                return
            self._tally.stuck.append(f"{self._seed}: {run.reason or run.status} {self._log}")


async def run_stories(
    folder: Path, sequences: int, *, seed: int = 1, holes: Faults | None = None
) -> Tally:
    """Run this many sequences, the same ones every time; return the tally.

    With `holes`, stop as soon as one is found.
    """
    tally = Tally()
    templates = {
        security: await VotingTemplate.create(folder / f"template{security}", security=security)
        for security in (False, True)
    }
    every = list_cases()
    for number in range(sequences):
        case = every[number % len(every)]
        where = folder / str(number)
        story = VotingStory(
            templates[case.security],
            case,
            where,
            seed * 1_000_000 + number,
            tally,
            holes or Faults(),
        )
        await story.run()
        if holes is not None and tally.wrong:
            break
    return tally
