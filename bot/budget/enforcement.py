"""Enforces spending caps before each model request."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

import structlog

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
_BELIEVED = 10  # a charge of more times the estimate is an error of the provider
_MOST_UNWRITTEN = 1_000  # unwritten charges; beyond them, charges without a cost are dropped
_AT_ONCE = 500  # charges written in one transaction
_LOST = "The bot was killed during this request; its maximum cost is counted."
_LOST_STREAM = "The bot was killed during this request; what was streamed is counted."
_GONE = 499  # as nginx logs it: the client was gone before an answer
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class _Hold:
    """The maximum cost of a request in progress, and the time that decides its day and week."""

    account: Account
    most: Cost
    at: datetime


class BudgetEnforcer:
    """Implements `SpendGuard`. If the cost so far cannot be read, requests are refused.

    The maximum cost of a request is held before it is sent, in memory and in the ledger. A request
    that a crash leaves unsettled is charged by what was streamed, or in full if nothing was. A
    request that does not fit together with others waits until they are settled; one that does not
    fit at all is refused. `stopped` returns the active emergency stop.
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
        self._rules = rules
        self._stopped = stopped
        self.clock = clock
        self._keep = keep
        self.calendar = BudgetPeriods(clock)
        self._turn = (
            asyncio.Condition()
        )  # one request is checked at a time; writing the ledger does not block checks
        self._writing = asyncio.Lock()
        self._stuck = False
        self._held: dict[str, _Hold] = {}
        self._unwritten: dict[str, Charge] = {}

    @property
    def rules(self) -> BudgetRules:
        """The caps in force."""
        return self._rules

    def reconfigure(self, rules: BudgetRules) -> BudgetRules:
        """Use these caps from now on, and return them."""
        self._rules = rules
        return rules

    # For each request

    async def admit(self, account: Account, most: Cost, request: str) -> str:
        """Admit a request and hold its maximum cost; wait while others hold what it needs."""
        async with self._turn:
            while True:
                await self._check_countable()
                statuses = await self._load_cap_statuses(account, ignored_request=request)
                rooms = {s: s.check_room(most, self.rules.reserve_usd) for s in statuses}
                _refuse([status for status, room in rooms.items() if room == "none"], most)
                if "wait" not in rooms.values():
                    break
                await self._turn.wait()
            hold = self._held[request] = _Hold(account, most, self.clock.now())
        try:
            await self.ledger.hold(_build_lost_charge(request, hold))
        except StoreError as error:
            self._held.pop(request, None)
            raise _build_unreadable_error(error) from error
        last = [status for status, room in rooms.items() if room == "last words"]
        return build_wrap_up_notice(last[0]) if last else ""

    async def note_progress(self, charge: Charge) -> None:
        """Store what a request in progress costs at most so far, in case the program dies.

        Never raises: if it cannot be stored, the earlier and larger amount stays.
        """
        hold = self._held.get(charge.id)
        if hold is None:
            return
        lost = _build_lost_charge(charge.id, hold, charge)
        if lost.cost_usd > hold.most.cost_usd:
            return
        try:
            await self.ledger.hold(lost)
        except StoreError as error:
            _log.warning("the progress of a request could not be stored: %s", error)

    async def settle(self, charge: Charge) -> None:
        """Record the cost of a request, once, and release what was held for it.

        Never raises: a charge that cannot be written now is counted from memory and written later.
        """
        charge = _clamp_charge(charge, self._held.pop(charge.id, None))
        if charge.cost_usd or charge.tokens_in or len(self._unwritten) < _MOST_UNWRITTEN:
            self._unwritten.setdefault(charge.id, charge)
        try:
            async with self._turn:
                self._turn.notify_all()
            await self._write()
        except StoreError as error:
            _log.error("a charge could not be written; the next charge tries again: %s", error)

    async def get_wrap_up_reason(self, account: Account) -> str:
        """Return why the work on this account should write its final answer now, or ""."""
        try:
            async with self._turn:
                await self._check_countable()
                statuses = await self._load_cap_statuses(account)
        except (Stopped, BudgetSpent) as error:
            return str(error)
        for status in statuses:
            if status.should_wrap_up(self.rules.reserve_usd):
                return build_wrap_up_notice(status)
        return ""

    # Before work begins

    async def check_budget(self, account: Account) -> None:
        """Raise `BudgetSpent` or `Stopped` if a model could only write a final answer."""
        async with self._turn:
            await self._check_countable()
            statuses = await self._load_cap_statuses(account)
        _refuse([s for s in statuses if s.should_wrap_up(self.rules.reserve_usd)], None)

    async def load_run_cost(self, run_id: str) -> Cost | None:
        """Return the cost of a run's requests; `None` if it cannot be read now."""
        try:
            async with self._turn:
                written = await self.ledger.sum_costs(run_id=run_id)
                return self._add_unwritten(written, lambda account: account.run_id == run_id)
        except StoreError as error:
            _log.warning("the cost of run %s cannot be read: %s", run_id, error)
            return None

    async def list_cap_statuses(self, account: Account) -> tuple[CapStatus, ...]:
        """Return the status of all caps that apply to an account. Raises `StoreError`."""
        async with self._turn:
            return await self._load_cap_statuses(account)

    async def has_room(self, account: Account, cost: Cost) -> bool:
        """Return whether every cap has room for this cost; not if the cost so far is unreadable."""
        try:
            statuses = await self.list_cap_statuses(account)
        except StoreError as error:
            _log.warning("the caps of run %s cannot be read: %s", account.run_id, error)
            return False
        reserve = self.rules.reserve_usd
        return all(each.check_room(cost, reserve) in ("enough", "wait") for each in statuses)

    # Periodic work

    async def run_forever(self) -> None:
        """Remove old charges now and daily, until cancelled."""
        failed = log_warnings(_log, "old charges are not removed")
        await run_periodically(
            self.forget, self.clock, _DAY.total_seconds(), tolerated=StoreError, failed=failed
        )

    async def forget(self) -> int:
        """Remove charges that are old and not in the current day or week; return how many."""
        since = min(period.since for period in self.calendar.get_current())
        return await self.ledger.forget(min(since, self.clock.now() - self._keep))

    # Counting

    async def _check_countable(self) -> None:
        """Raise if a stop is active, or if charges cannot be written."""
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
        """Write all unwritten charges, including those that are settled meanwhile."""
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
        """Return the status of the account's caps, narrowest first, without `ignored_request`."""
        day, week = self.calendar.get_current()
        try:
            statuses = [
                await self._load_cap_status("person_day", account, day, ignored_request),
                await self._load_cap_status("day", account, day, ignored_request),
                await self._load_cap_status("week", account, week, ignored_request),
            ]
            if account.purpose == "audit":
                statuses.insert(0, await self._load_audit_status(day, ignored_request))
            if account.run_id is not None:
                statuses.insert(
                    0, await self._load_cap_status("run", account, None, ignored_request)
                )
        except StoreError as error:
            raise _build_unreadable_error(error) from error
        return tuple(statuses)

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
        cost = await self.ledger.sum_costs(run_id=run_id, person_id=person_id, since=since)
        held = Cost()
        for request, hold in self._held.items():
            if request != ignored_request and is_counted(hold.account):
                held = held.add(hold.most)
        return CapStatus(
            name=name,
            cap=_cap(self.rules, name),
            cost=self._add_unwritten(cost, is_counted),
            held=held,
            free_at=window.until if window else None,
            person_id=person_id,
        )

    async def _load_audit_status(self, day: BudgetPeriod, ignored_request: str) -> CapStatus:
        """Return the status of the cap on self-audits, which is counted by purpose."""

        def is_counted(account: Account) -> bool:
            return account.purpose == "audit"

        cost, held = Cost(), Cost()
        for charged in await self.ledger.sum_charges(since=day.since):
            cost = cost.add(charged) if is_counted(charged.account) else cost
        for request, hold in self._held.items():
            if request != ignored_request and is_counted(hold.account):
                held = held.add(hold.most)
        cost = self._add_unwritten(cost, is_counted)
        cap = _cap(self.rules, "audit")
        return CapStatus(name="audit", cap=cap, cost=cost, held=held, free_at=day.until)

    def _add_unwritten(self, cost: Cost, counts: Callable[[Account], bool]) -> Cost:
        for charge in self._unwritten.values():
            if counts(charge.account):
                cost = cost.add(charge)
        return cost


def _cap(rules: BudgetRules, name: CapName) -> Cap:
    caps: dict[CapName, Cap] = {
        "run": rules.run,
        "audit": rules.audit,
        "person_day": rules.person_day,
        "day": rules.day,
        "week": rules.week,
    }
    return caps[name]


def _refuse(statuses: Sequence[CapStatus], most: Cost | None) -> None:
    """Raise `BudgetSpent` for the cap that resets last, if there are any."""
    if not statuses:
        return
    worst = max(statuses, key=lambda s: math.inf if s.free_at is None else s.free_at.timestamp())
    is_exhausted = most is None or worst.check_room(Cost(), 0.0) == "none"
    text = (
        describe_exhausted_cap(worst)
        if is_exhausted or most is None
        else describe_oversized_request(worst, most)
    )
    raise BudgetSpent(text, until=worst.free_at)


def _build_lost_charge(request: str, hold: _Hold, streamed: Charge | None = None) -> Charge:
    """Return the charge for a request that is never settled; `streamed` is its cost so far."""
    cost = hold.most if streamed is None else Cost().add(streamed)
    return Charge(
        id=request,
        at=hold.at,
        account=hold.account,
        model=streamed.model if streamed else "",
        status=_GONE,
        outcome="cancelled",
        note=_LOST if streamed is None else _LOST_STREAM,
        **dict(cost.replace(estimated=True)),
    )


def _clamp_charge(charge: Charge, hold: _Hold | None) -> Charge:
    """Return the charge with the account that was admitted, and with a plausible cost.

    A provider that reports many times more than the request allowed has made a mistake.
    """
    most_usd, most_tokens = MOST_USD, MOST_TOKENS
    if hold is not None:  # it counts in the day in which it was admitted
        charge = charge.replace(account=hold.account, at=hold.at)
        most_usd = min(max(hold.most.cost_usd, 0.01) * _BELIEVED, MOST_USD)
        counted = max(hold.most.tokens_in + hold.most.tokens_out, 1_000) * _BELIEVED
        most_tokens = min(counted, MOST_TOKENS)
    usd = charge.cost_usd if math.isfinite(charge.cost_usd) else most_usd
    clamped = Cost(
        cost_usd=min(usd, most_usd),
        tokens_in=min(charge.tokens_in, most_tokens),
        tokens_out=min(charge.tokens_out, most_tokens),
        estimated=charge.estimated,
    )
    if clamped == Cost().add(charge):
        return charge
    note = "; ".join(filter(None, [charge.note, "the provider reported an impossible amount"]))
    return charge.replace(**dict(clamped.replace(estimated=True)), note=note)


def _build_unreadable_error(error: StoreError) -> BudgetSpent:
    return BudgetSpent(
        f"I cannot read the cost of models so far, so I use none. {error}", detail=error.detail
    )
