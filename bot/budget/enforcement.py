"""The budget: who stands at the wire with the ledger in hand. Nothing is spent without it."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from bot.budget.messages import (
    build_wrap_up_notice,
    describe_exhausted_cap,
    describe_oversized_request,
)
from bot.budget.periods import BudgetPeriod, BudgetPeriods
from bot.domain.account import Account, Charge
from bot.domain.budget import BudgetRules, Cap
from bot.domain.cost import Cost
from bot.domain.errors import BudgetSpent, Stopped, StoreError
from bot.domain.spending import MOST_TOKENS, MOST_USD, CapName, CapStatus
from bot.domain.stop import Stop
from bot.periodic import log_warnings, run_periodically
from bot.ports.clock import Clock
from bot.ports.ledger import Ledger

_DAY = timedelta(days=1)
_BELIEVED = 10  # times what a request might have come to
_MOST_UNWRITTEN = 1_000  # of those that cost nothing
_AT_ONCE = 500  # charges written together
_LOST = "The bot was killed while this was under way; it is counted as what it may have come to."
_GONE = 499  # nobody was answered
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Hold:
    """What a request under way may come to, and in which day and week it counts."""

    account: Account
    most: Cost
    at: datetime


class BudgetEnforcer:
    """Implements `bot.ports.spend_guard.SpendGuard`. What cannot be counted is not spent: it
    refuses then.

    What a request may come to is held back before it goes out, in memory and in the ledger: one
    that a crash leaves unsettled is charged in full. A request that does not fit beside others
    waits until they are settled; one that does not fit at all is refused. Set `rules` to change
    the caps; `stopped` tells whether everything is stopped.
    """

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        rules: BudgetRules,
        *,
        keep: timedelta = timedelta(days=90),
        stopped: Callable[[], Awaitable[Stop | None]] | None = None,
    ) -> None:
        self.ledger = ledger
        self.rules = rules
        self._stopped = stopped
        self.clock = clock
        self._keep = keep
        self.calendar = BudgetPeriods(clock)
        self._turn = asyncio.Condition()  # one counts at a time; who writes does not keep them
        self._writing = asyncio.Lock()
        self._stuck = False
        self._held: dict[str, _Hold] = {}
        self._unwritten: dict[str, Charge] = {}

    # At the wire

    async def admit(self, account: Account, most: Cost, request: str) -> str:
        """Let a request go out and hold back what it may come to; wait where others hold it."""
        async with self._turn:
            while True:
                await self._check_countable()
                standings = await self._load_cap_statuses(account, ignored_request=request)
                rooms = {each: each.check_room(most, self.rules.reserve_usd) for each in standings}
                _refuse([each for each, room in rooms.items() if room == "none"], most)
                if "wait" not in rooms.values():
                    break
                await self._turn.wait()
            hold = self._held[request] = _Hold(account, most, self.clock.get_time())
        try:
            await self.ledger.hold(_build_lost_charge(request, hold))
        except StoreError as error:
            self._held.pop(request, None)
            raise _build_unreadable_error(error) from error
        last = [each for each, room in rooms.items() if room == "last words"]
        return build_wrap_up_notice(last[0]) if last else ""

    async def settle(self, charge: Charge) -> None:
        """Write down what became of a request, once, and give back what was held for it.

        Never raises: what cannot be written now counts all the same, and is written later.
        """
        charge = _clamp_charge(charge, self._held.pop(charge.id, None))
        if charge.cost_usd or charge.tokens_in or len(self._unwritten) < _MOST_UNWRITTEN:
            self._unwritten.setdefault(charge.id, charge)
        try:
            async with self._turn:
                self._turn.notify_all()
            await self._write()
        except StoreError as error:
            _log.error("a charge could not be written; the next one tries: %s", error)

    async def get_wrap_up_reason(self, account: Account) -> str:
        """Return why the work on this account should come to its last words now, or nothing."""
        try:
            async with self._turn:
                await self._check_countable()
                standings = await self._load_cap_statuses(account)
        except (Stopped, BudgetSpent) as error:
            return str(error)
        for standing in standings:
            if standing.should_wrap_up(self.rules.reserve_usd):
                return build_wrap_up_notice(standing)
        return ""

    # Before something is begun

    async def check_budget(self, account: Account) -> None:
        """Raise `BudgetSpent` or `Stopped` where a model could not do more than close."""
        async with self._turn:
            await self._check_countable()
            standings = await self._load_cap_statuses(account)
        _refuse([each for each in standings if each.should_wrap_up(self.rules.reserve_usd)], None)

    async def load_run_cost(self, run_id: str) -> Cost | None:
        """Return what a run has spent through the wire; `None` where nobody can say now."""
        try:
            async with self._turn:
                written = await self.ledger.sum_costs(run_id=run_id)
                return self._add_unwritten(written, lambda account: account.run_id == run_id)
        except StoreError as error:
            _log.warning("what run %s has spent cannot be read: %s", run_id, error)
            return None

    async def list_cap_statuses(self, account: Account) -> tuple[CapStatus, ...]:
        """Return where the caps stand that hold for an account. Raises `StoreError`."""
        async with self._turn:
            return await self._load_cap_statuses(account)

    # Over time

    async def run_forever(self) -> None:
        """Forget old charges now and daily, until cancelled."""
        failed = log_warnings(_log, "old charges are not forgotten")
        await run_periodically(
            self.forget, self.clock, _DAY.total_seconds(), tolerated=StoreError, failed=failed
        )

    async def forget(self) -> int:
        """Forget what is old and counts in no present day or week; return how many charges."""
        since = min(period.since for period in self.calendar.get_current())
        return await self.ledger.forget(min(since, self.clock.get_time() - self._keep))

    # How it is counted

    async def _check_countable(self) -> None:
        """Raise where a stop stands, or where what was spent cannot be written down."""
        stop = await self._stopped() if self._stopped is not None else None
        if stop is not None:
            raise Stopped(stop.summary)
        if not self._stuck or self._writing.locked():
            return
        try:
            await self._write()
        except StoreError as error:
            raise _build_unreadable_error(error) from error

    async def _write(self) -> None:
        """Write what is unwritten, however many settled meanwhile, and flush it once."""
        async with self._writing:
            self._stuck = True
            while self._unwritten:
                batch = tuple(islice(self._unwritten.values(), _AT_ONCE))
                await self.ledger.charge(*batch)
                for charge in batch:
                    self._unwritten.pop(charge.id, None)
            self._stuck = False

    async def _load_cap_statuses(
        self, account: Account, *, ignored_request: str = ""
    ) -> tuple[CapStatus, ...]:
        """Return where the account's caps stand, the narrowest first; `beside` is not counted."""
        day, week = self.calendar.get_current()
        try:
            standings = [
                await self._load_cap_status("person_day", account, day, ignored_request),
                await self._load_cap_status("day", account, day, ignored_request),
                await self._load_cap_status("week", account, week, ignored_request),
            ]
            if account.run_id is not None:
                standings.insert(
                    0, await self._load_cap_status("run", account, None, ignored_request)
                )
        except StoreError as error:
            raise _build_unreadable_error(error) from error
        return tuple(standings)

    async def _load_cap_status(
        self, name: CapName, account: Account, window: BudgetPeriod | None, ignored_request: str
    ) -> CapStatus:
        run_id = account.run_id if name == "run" else None
        person_id = account.person_id if name == "person_day" else None

        def is_counted(other: Account) -> bool:
            return (run_id is None or other.run_id == run_id) and (
                person_id is None or other.person_id == person_id
            )

        since = window.since if window else None
        spent = await self.ledger.sum_costs(run_id=run_id, person_id=person_id, since=since)
        held = Cost()
        for request, hold in self._held.items():
            if request != ignored_request and is_counted(hold.account):
                held = held.add(hold.most)
        return CapStatus(
            name=name,
            cap=_cap(self.rules, name),
            cost=self._add_unwritten(spent, is_counted),
            held=held,
            free_at=window.until if window else None,
            person_id=person_id,
        )

    def _add_unwritten(self, cost: Cost, counts: Callable[[Account], bool]) -> Cost:
        for charge in self._unwritten.values():
            if counts(charge.account):
                cost = cost.add(charge)
        return cost


def _cap(rules: BudgetRules, name: CapName) -> Cap:
    caps: dict[CapName, Cap] = {
        "run": rules.run,
        "person_day": rules.person_day,
        "day": rules.day,
        "week": rules.week,
    }
    return caps[name]


def _refuse(standings: Sequence[CapStatus], most: Cost | None) -> None:
    """Raise for the cap that keeps it waiting the longest, if any does."""
    if not standings:
        return
    worst = max(
        standings, key=lambda each: math.inf if each.free_at is None else each.free_at.timestamp()
    )
    whole = most is None or worst.check_room(Cost(), 0.0) == "none"
    text = (
        describe_exhausted_cap(worst)
        if whole or most is None
        else describe_oversized_request(worst, most)
    )
    raise BudgetSpent(text, until=worst.free_at)


def _build_lost_charge(request: str, hold: _Hold) -> Charge:
    """Return what is charged should nobody settle the request."""
    return Charge(
        id=request,
        at=hold.at,
        account=hold.account,
        model="",
        status=_GONE,
        outcome="cancelled",
        note=_LOST,
        **dict(hold.most.replace(estimated=True)),
    )


def _clamp_charge(charge: Charge, hold: _Hold | None) -> Charge:
    """Return the charge as it can be: of who was let through, and of a size that is possible.

    A provider that says it used many times more than the request allowed has made a mistake.
    """
    most_usd, most_tokens = MOST_USD, MOST_TOKENS
    if hold is not None:  # it counts in the day in which it was let through
        charge = charge.replace(account=hold.account, at=hold.at)
        most_usd = min(max(hold.most.cost_usd, 0.01) * _BELIEVED, MOST_USD)
        counted = max(hold.most.tokens_in + hold.most.tokens_out, 1_000) * _BELIEVED
        most_tokens = min(counted, MOST_TOKENS)
    usd = charge.cost_usd if math.isfinite(charge.cost_usd) else most_usd
    told = Cost(
        cost_usd=min(usd, most_usd),
        tokens_in=min(charge.tokens_in, most_tokens),
        tokens_out=min(charge.tokens_out, most_tokens),
        estimated=charge.estimated,
    )
    if told == Cost().add(charge):
        return charge
    note = "; ".join(filter(None, [charge.note, "the provider named more than can be"]))
    return charge.replace(**dict(told.replace(estimated=True)), note=note)


def _build_unreadable_error(error: StoreError) -> BudgetSpent:
    return BudgetSpent(
        f"What models have spent cannot be counted, so none is asked. {error}", detail=error.detail
    )
