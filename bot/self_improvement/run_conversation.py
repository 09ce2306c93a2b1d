"""What people write to a run: instructions, and answers to its question."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from theseus_observe.redaction import redact

from bot.authority.authorizer import Authorizer
from bot.authority.kill_switch import KillSwitchGuard
from bot.authority.policy import Act, check_binding
from bot.authority.run_locks import RunLocks
from bot.domain.dialogue import Instruction, ProposalComment, Question, format_place
from bot.domain.errors import WrongStage
from bot.domain.people import Person
from bot.domain.run import Run
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.presentation.cards import format_status
from bot.self_improvement.requests.dialogue import RunDialogue
from bot.self_improvement.runs.exclusive_runs import run_exclusively
from bot.self_improvement.runs.transitions import RunTransitions, open_question


@dataclass(frozen=True, eq=False)
class RunConversation:
    """Passes what people write on to their runs; authorised and audited first."""

    store: Store
    clock: Clock
    authorizer: Authorizer
    stop_guard: KillSwitchGuard
    run_locks: RunLocks
    dialogue: RunDialogue
    transitions: RunTransitions

    @property
    def can_revise(self) -> bool:
        """True if the engine follows what people ask for; the offline engine works from tests."""
        return self.dialogue.can_follow_instructions

    async def revise(
        self,
        run_id: str,
        person: Person,
        instruction: str,
        how: Literal["text", "modal"] = "text",
        key: str = "",
    ) -> Run:
        """Revise the proposal as a person asks, or record the request for the next round.

        `key` makes a repeated delivery of the same message harmless. Raises `WrongStage` if there
        is no change to revise, or if the engine cannot follow instructions.
        """
        await self.authorizer.ask(person, Act.REVISE, run_id=run_id, note=instruction)
        now = self.clock.now()
        item = Instruction(
            key=key or f"{person.id}:{now.isoformat()}",
            text=redact(instruction),
            by=person.name,
            how=how,
            at=now,
        )
        return await self._tell(run_id, person, item)

    async def add_comment(self, run_id: str, person: Person, comment: ProposalComment) -> Run:
        """Revise the proposal as a person's comment on a line of it asks.

        Commenting the same twice is harmless. Raises `StaleApproval` if the proposal has another
        head by now, and what `revise` raises.
        """
        text = format_place(comment.file, comment.line) + comment.text
        await self.authorizer.ask(person, Act.REVISE, run_id=run_id, note=text, how="page")
        digest = hashlib.sha256(f"{comment.head}\n{text}".encode()).hexdigest()[:16]
        item = Instruction(
            key=f"page:{person.id}:{digest}",
            text=redact(text),
            by=person.name,
            how="page",
            at=self.clock.now(),
            file=comment.file,
            line=comment.line,
        )
        return await self._tell(run_id, person, item, comment.head)

    async def _tell(self, run_id: str, person: Person, item: Instruction, head: str = "") -> Run:
        """Pass an instruction on; with `head`, only if that is the commit of the proposal."""
        await self.stop_guard.check()

        async def tell(run: Run) -> Run:
            if head:
                proposal = (await self.store.get_history(run.id)).proposal
                if proposal is None:
                    raise WrongStage(f"Run `{run.id}` has no proposal.")
                check_binding(proposal, card_id=None, head=head, forge_head=None)
            return await self.dialogue.tell(run, (item,), person)

        return await run_exclusively(self.run_locks, self.store, run_id, tell)

    async def answer(self, run_id: str, person: Person, text: str) -> Run:
        """Answer the question a run waits for; the first answer counts. Raises `WrongStage`."""
        await self.authorizer.ask(person, Act.ANSWER, run_id=run_id, note=text)
        await self.stop_guard.check()
        return await run_exclusively(
            self.run_locks,
            self.store,
            run_id,
            lambda run: self.dialogue.answer(run, person, text),
        )

    async def resume(self, run_id: str, person: Person) -> Run:
        """Continue a run at once that waits for its engine. Raises `WrongStage`."""
        await self.authorizer.ask(person, Act.ASK, run_id=run_id, note="try again at once")
        await self.stop_guard.check()
        async with self.run_locks.get(run_id):
            run = await self.store.get(run_id)
            if not run.waits_for_engine:
                raise WrongStage(
                    f"Run `{run.id}` does not wait for its engine ({format_status(run)})."
                )
            # A person's attempt must not lengthen the pauses in which the bot tries by itself.
            return await self.dialogue.go_on(run.replace(waits=max(run.waits - 1, 0)))

    async def switch_engine(self, run_id: str, person: Person) -> Run:
        """Let the fallback engine continue a run that waits for a model. Raises `WrongStage`."""
        await self.authorizer.ask(person, Act.ASK, run_id=run_id, note="use the offline engine")
        await self.stop_guard.check()
        async with self.run_locks.get(run_id):
            run = await self.store.get(run_id)
            if not run.can_switch_engine:
                raise WrongStage(
                    f"Run `{run.id}` does not wait for its engine ({format_status(run)})."
                )
            return await self.dialogue.switch_engine(run, person)

    async def get_question(self, run: Run) -> Question | None:
        """Return the question the run waits for, with the id of its message; `None` without one."""
        if not run.is_parked:
            return None
        question = open_question(run, await self.store.get_history(run.id))
        if question is None or question.message_id is not None:
            return question
        return await self.transitions.post_question(run, question)
