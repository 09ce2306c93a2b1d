"""Which commits of other bots people have confirmed as running, where no journal shows it."""

from dataclasses import dataclass

from theseus_guard.record import Record

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.domain.errors import WrongStage
from bot.domain.people import Person
from bot.domain.proposal import Shipment
from bot.ports.key_value_store import KeyValueStore
from bot.ports.store import Store


class ConfirmedVersion(Record):
    """The newest commit that a person has confirmed as running; the audit log says who."""

    commit: str


@dataclass(frozen=True, eq=False)
class ConfirmedVersions:
    """Stores the newest confirmed commit of each target."""

    key_values: KeyValueStore

    async def find(self, target: str) -> str | None:
        """Return the newest commit that is confirmed to run."""
        found = await self.key_values.get(_build_key(target), ConfirmedVersion)
        return None if found is None else found.commit

    async def put(self, target: str, commit: str) -> None:
        """Store a commit as running."""
        await self.key_values.put(_build_key(target), ConfirmedVersion(commit=commit))


@dataclass(frozen=True, eq=False)
class LiveConfirmations:
    """Takes the word of people who may ship that a merged change runs."""

    store: Store
    authorizer: Authorizer
    versions: ConfirmedVersions

    async def confirm(self, run_id: str, person: Person) -> Shipment:
        """Record that a run's merge is live, and return it.

        Raises `NotAuthorized`, `ChatUnavailable`, and `WrongStage` if there is nothing to confirm.
        """
        await self.authorizer.ask(person, Act.SHIP, run_id=run_id, note="it is live")
        run = await self.store.get(run_id)
        shipment = (await self.store.get_history(run.id)).shipment
        if shipment is None or not shipment.needs_confirmation:
            raise WrongStage(f"Run `{run.id}` waits for no confirmation that its change is live.")
        if not shipment.live:
            await self.versions.put(run.trigger.target, shipment.merge_commit)
        return shipment


def _build_key(target: str) -> str:
    return f"running-commit:{target}"
