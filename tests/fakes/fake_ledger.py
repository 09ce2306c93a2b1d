"""The ledger in memory; what it keeps goes through JSON, as on the real one."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from bot.domain.account import Account, Charge
from bot.domain.cost import Cost
from bot.domain.errors import StoreError
from bot.domain.spending import MOST_TOKENS, MOST_USD, ChargeSum


class FakeLedger:
    """Implements `bot.ports.ledger.Ledger`. `broken` makes every call fail."""

    def __init__(self) -> None:
        self.bodies: dict[str, str] = {}
        self.holds: dict[str, str] = {}
        self.broken = False
        self._forgotten: list[Charge] = []
        self._begun: dict[tuple[str, str], datetime] = {}

    async def hold(self, charge: Charge) -> None:
        """Store a charge, in case the outcome of the request is never reported."""
        self._check_broken()
        self.holds[charge.id] = charge.model_dump_json()

    async def charge(self, *charges: Charge) -> None:
        """Append the charges; a repeated id changes nothing."""
        self._check_broken()
        for charge in charges:
            tokens = max(charge.tokens_in, charge.tokens_out)
            if not charge.cost_usd <= MOST_USD or tokens > MOST_TOKENS:
                raise StoreError(f"The charge {charge.id} is larger than any request can be.")
        for charge in charges:
            told = charge.replace(
                model=_replace_surrogates(charge.model), note=_replace_surrogates(charge.note)
            )
            self.bodies.setdefault(charge.id, told.model_dump_json())
            self.holds.pop(charge.id, None)

    async def sum_costs(
        self,
        *,
        run_id: str | None = None,
        person_id: int | None = None,
        since: datetime | None = None,
    ) -> Cost:
        """Return the sum of what fits."""
        self._check_broken()
        every = [*self._load_charges(), *(self._forgotten if since is None else [])]
        return _sum_charges(
            charge
            for charge in every
            if (run_id is None or charge.account.run_id == run_id)
            and (person_id is None or charge.account.person_id == person_id)
            and (since is None or charge.at >= since)
        )

    async def list_charges(self, *, since: datetime, limit: int = 1_000) -> Sequence[Charge]:
        """Return charges, newest first."""
        self._check_broken()
        found = [charge for charge in reversed(self._load_charges()) if charge.at >= since]
        return tuple(sorted(found, key=lambda charge: charge.at, reverse=True)[:limit])

    async def sum_charges(self, *, since: datetime) -> Sequence[ChargeSum]:
        """Return charges added up."""
        self._check_broken()
        groups: dict[tuple[date, Account, str], list[Charge]] = defaultdict(list)
        for charge in self._load_charges():
            if charge.at >= since:
                day = charge.at.astimezone(UTC).date()
                groups[day, charge.account, charge.model].append(charge)
        tallies = [
            ChargeSum(
                day=day,
                account=account,
                model=model,
                requests=sum(charge.outcome != "refused" for charge in charges),
                refused=sum(charge.outcome == "refused" for charge in charges),
                **dict(_sum_charges(charges)),
            )
            for (day, account, model), charges in groups.items()
        ]
        return tuple(sorted(tallies, key=_order))

    async def forget(self, older_than: datetime) -> int:
        """Remove what is older; the sums of runs keep it."""
        self._check_broken()
        old = [charge for charge in self._load_charges() if charge.at < older_than]
        for charge in old:
            del self.bodies[charge.id]
        self._forgotten += [charge.replace(estimated=False) for charge in old]
        self._begun = {key: at for key, at in self._begun.items() if at >= older_than}
        return len(old)

    async def begin(
        self, run_key: str, agent: str, now: datetime, *, window: timedelta, most: int
    ) -> datetime | None:
        """Note that an engine begins a change, if it may."""
        self._check_broken()
        if (run_key, agent) in self._begun:
            return None
        times = [at for (_, who), at in self._begun.items() if who == agent]
        lately = sorted(at for at in times if at > now - window)
        if len(lately) < most:
            self._begun[run_key, agent] = now
            return None
        return min(lately[-most] if lately and most else now, now) + window

    async def count_changes(self, since: datetime) -> Mapping[str, int]:
        """Return how many changes each agent began."""
        self._check_broken()
        return Counter(agent for (_, agent), at in self._begun.items() if at > since)

    def _load_charges(self) -> list[Charge]:
        return [Charge.model_validate_json(body) for body in self.bodies.values()]

    def _check_broken(self) -> None:
        if self.broken:
            raise StoreError("The ledger is broken.")


def _sum_charges(charges: Iterable[Charge]) -> Cost:
    total = Cost()
    for charge in charges:
        total = total.add(charge)
    return total


def _replace_surrogates(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _order(tally: ChargeSum) -> tuple[date, str, int, str, str]:
    account = tally.account
    return tally.day, account.purpose, account.person_id, account.run_id or "", tally.model
