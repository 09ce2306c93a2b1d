"""Spending: what models may cost, for whoever asks, and before anybody chats."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import timedelta
from typing import TypeVar

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.budget.enforcement import BudgetEnforcer
from bot.domain.account import Account
from bot.domain.budget import Cap
from bot.domain.errors import BudgetSpent, WrongStage
from bot.domain.people import Person
from bot.domain.posts import Post
from bot.domain.spending import Begun, BudgetReport, CapStanding, ChargeSum, DayShare, Share
from bot.domain.spent import Spent
from bot.ports.charts import Charts
from bot.presentation.cards import budget, budget_chart

K = TypeVar("K", bound=Hashable)
_CHARTED = timedelta(days=13)  # and today
_HOUR = timedelta(hours=1)


class BudgetReports:
    """What people see of the budget, and the end of chatting when it is spent."""

    def __init__(
        self,
        enforcer: BudgetEnforcer | None,
        charts: Charts | None,
        authorizer: Authorizer,
    ) -> None:
        self._enforcer = enforcer
        self._charts = charts
        self._authorizer = authorizer

    @property
    def run_cap(self) -> Cap:
        """What one run may cost."""
        return Cap() if self._enforcer is None else self._enforcer.rules.run

    async def may_chat(self, person: Person) -> None:
        """Raise `BudgetSpent` or `Stopped` where no model may answer this person now."""
        if self._enforcer is not None:
            await self._enforcer.may_begin(Account(purpose="chat", person_id=person.id))

    async def report(self, person: Person) -> BudgetReport:
        """Return what was spent, by whom and on what, against what may be.

        Raises `NotAuthorized`, `StoreError` where the ledger cannot be read.
        """
        await self._authorizer.ask(person, Act.READ, None, "budget")
        if self._enforcer is None:
            raise WrongStage("I keep no ledger here.")
        return await budget_report(self._enforcer)

    async def post(self, person: Person) -> Post:
        """Return the report as a message, with a chart where one can be drawn."""
        report = await self.report(person)
        chart = budget_chart(report)
        png = await self._charts.draw(chart) if chart and self._charts else None
        return budget(report, png)


async def budget_report(enforcer: BudgetEnforcer) -> BudgetReport:
    """Return what the ledger says of the present day and week. Raises `StoreError`."""
    day, week = enforcer.calendar.now()
    now = enforcer.clock.now()
    charted = min(day.since - _CHARTED, week.since)
    every = await enforcer.ledger.tallies(since=charted)
    today = [tally for tally in every if tally.day >= day.since.date()]
    lately = [tally for tally in every if tally.day >= week.since.date()]
    begun = await enforcer.ledger.begun(now - _HOUR)
    caps = enforcer.rules
    return BudgetReport(
        at=now,
        day=CapStanding(name="day", cap=caps.day, spent=_sum(today), free_at=day.until),
        week=CapStanding(name="week", cap=caps.week, spent=_sum(lately), free_at=week.until),
        run_cap=caps.run,
        people=tuple(
            CapStanding(
                name="person_day",
                cap=caps.person_day,
                spent=spent,
                person_id=person_id,
                free_at=day.until,
            )
            for person_id, (spent, _) in _by(today, lambda tally: tally.account.person_id).items()
        ),
        week_people=_shares(lately, lambda tally: str(tally.account.person_id)),
        runs=_shares(
            (tally for tally in lately if tally.account.run_id),
            lambda tally: tally.account.run_id or "",
        ),
        purposes=_shares(lately, lambda tally: tally.account.purpose),
        days=tuple(
            DayShare(day=on, purpose=purpose, **dict(spent))
            for (on, purpose), (spent, _) in sorted(
                _by(every, lambda tally: (tally.day, tally.account.purpose)).items()
            )
        ),
        requests=sum(tally.requests for tally in lately),
        refused=sum(tally.refused for tally in lately),
        begun=tuple(Begun(engine=name, count=count) for name, count in sorted(begun.items())),
        begun_most=caps.modifications_an_hour,
        trouble=await _trouble(enforcer),
    )


async def _trouble(enforcer: BudgetEnforcer) -> str:
    """Return why nobody may be asked anything now, if that is so for everybody."""
    try:
        await enforcer.may_begin(Account(purpose="chat", person_id=-1))
    except BudgetSpent as error:
        return str(error)
    return ""


def _shares(tallies: Iterable[ChargeSum], key: Callable[[ChargeSum], str]) -> tuple[Share, ...]:
    """Return who spent how much, the largest first."""
    return tuple(
        Share(name=name, requests=requests, **dict(spent))
        for name, (spent, requests) in _by(tallies, key).items()
    )


def _by(
    tallies: Iterable[ChargeSum], key: Callable[[ChargeSum], K]
) -> Mapping[K, tuple[Spent, int]]:
    groups: dict[K, list[ChargeSum]] = defaultdict(list)
    for tally in tallies:
        groups[key(tally)].append(tally)
    found = {name: (_sum(each), sum(one.requests for one in each)) for name, each in groups.items()}
    return dict(sorted(found.items(), key=lambda item: item[1][0].cost_usd, reverse=True))


def _sum(tallies: Iterable[ChargeSum]) -> Spent:
    total = Spent()
    for tally in tallies:
        total = total.plus(tally)
    return total
