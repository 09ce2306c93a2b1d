"""An approver's decision to propose a change that was found but is not proven."""

from dataclasses import dataclass

from bot.authority.authorizer import Authorizer
from bot.authority.kill_switch import KillSwitchGuard
from bot.authority.policy import Act
from bot.authority.run_locks import RunLocks
from bot.domain.errors import StaleApproval, WrongStage
from bot.domain.people import Person
from bot.domain.plausible_edit import Endorsement
from bot.domain.run import Run, Waiting
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.presentation.cards import format_status
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.requests.dialogue import RunDialogue

_OLD = "This card shows `{shown}`, but the run is at `{head}`. Please read the newest card."


@dataclass(frozen=True, eq=False)
class Endorsements:
    """Records the decision for exactly the head that the card shows; authorised and audited."""

    store: Store
    clock: Clock
    stop_guard: KillSwitchGuard
    authorizer: Authorizer
    run_locks: RunLocks
    dialogue: RunDialogue
    notifier: RunNotifier

    async def give(self, run_id: str, person: Person, head: str) -> Run:
        """Let a run propose its unproven change; the approver has read `head`.

        Raises `NotAuthorized`, `Stopped`, `WrongStage` if the run does not wait for this decision,
        and `StaleApproval` if the card shows another head.
        """
        note = f"propose {head}, found, not proven"
        await self.authorizer.ask(person, Act.ENDORSE, run_id, note)
        await self.stop_guard.check()
        async with self.run_locks.get(run_id):
            run = await self.store.get(run_id)
            history = await self.store.get_history(run.id)
            change = history.change_set
            if run.waiting is not Waiting.JUDGEMENT or change is None:
                raise WrongStage(
                    f"Run `{run.id}` shows no unproven change to propose ({format_status(run)})."
                )
            if head != change.head:
                raise StaleApproval(_OLD.format(shown=head[:7], head=change.head[:7]))
            endorsement = Endorsement(head=head, person=person, at=self.clock.now())
            saved = await self.dialogue.go_on(run, endorsement, history.add_shaper(person))
        text = f"**{person.name}** has read `{head[:7]}`, which is not proven. I propose it."
        await self.notifier.say(saved, text, key=f"endorsed:{run.attempt}:{head[:12]}")
        return saved
