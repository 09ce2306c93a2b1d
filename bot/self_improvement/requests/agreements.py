"""People's agreement to what the bot has understood of a requested change (“go ahead”)."""

from dataclasses import dataclass

from bot.authority.authorizer import Authorizer
from bot.authority.kill_switch import KillSwitchGuard
from bot.authority.policy import Act
from bot.authority.run_locks import RunLocks
from bot.domain.brief import Agreement, Brief
from bot.domain.errors import StaleApproval, WrongStage
from bot.domain.history import History
from bot.domain.people import Person
from bot.domain.proposal import How
from bot.domain.run import Run, Waiting
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.presentation.cards import format_status
from bot.self_improvement.requests.dialogue import RunDialogue

_OLD = (
    "This is not the newest card of the run. My understanding has changed since. Please use "
    "the newest card."
)


@dataclass(frozen=True, eq=False)
class Agreements:
    """Accepts an agreement for exactly the brief that the person saw; authorised and audited."""

    store: Store
    clock: Clock
    stop_guard: KillSwitchGuard
    authorizer: Authorizer
    run_locks: RunLocks
    dialogue: RunDialogue

    async def give(self, run_id: str, person: Person, how: How, digest: str = "") -> Run:
        """Let a run write the agreed change; `digest` is the one on the card that was pressed.

        Raises `NotAuthorized`, `Stopped`, `WrongStage` if the run does not wait for agreement, and
        `StaleApproval` if the card is not the newest.
        """
        note = f"go ahead {digest}".strip()
        await self.authorizer.ask(person, Act.ASK, run_id, note)
        await self.stop_guard.check()
        async with self.run_locks.get(run_id):
            run = await self.store.get(run_id)
            history = await self.store.get_history(run.id)
            brief = _open(run, history, digest)
            agreement = Agreement(digest=brief.digest, person=person, at=self.clock.now(), how=how)
            text = f"**{person.name}** says go ahead. I write it now."
            return await self.dialogue.accept_agreement(
                run, agreement, text, history.add_shaper(person)
            )

    async def check(self, run_id: str, person: Person, digest: str) -> None:
        """Raise unless the card still shows the current brief. Raises what `give` raises."""
        await self.authorizer.ask(person, Act.REVISE, run_id, "change what was understood")
        run = await self.store.get(run_id)
        _open(run, await self.store.get_history(run.id), digest)


def _open(run: Run, history: History, digest: str) -> Brief:
    """Return the brief that waits for agreement. Raises `WrongStage`, `StaleApproval`."""
    if history.brief is None or run.waiting is not Waiting.AGREEMENT:
        raise WrongStage(f"Run `{run.id}` does not wait for a go-ahead ({format_status(run)}).")
    if not history.brief.digest.startswith(digest):
        raise StaleApproval(_OLD)
    return history.brief
