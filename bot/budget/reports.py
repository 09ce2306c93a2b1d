"""Budget reports for people, and the budget check before a chat answer."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.budget.enforcement import BudgetEnforcer
from bot.domain.account import Account, build_chat_account
from bot.domain.budget import Cap
from bot.domain.cost import Cost
from bot.domain.errors import BudgetSpent, WrongStage
from bot.domain.people import Person
from bot.domain.posts import Post
from bot.domain.spending import Begun, BudgetReport, CapStatus, ChargeSum, DayShare, Share
from bot.ports.charts import Charts
from bot.presentation.cards import build_budget_chart, render_budget

K = TypeVar("K", bound=Hashable)
_CHARTED = timedelta(days=13)  # and today: 14 days
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, eq=False)
class BudgetReports:
    """Shows the budget to people, and checks it before a chat answer."""

    enforcer: BudgetEnforcer | None
    charts: Charts | None
    authorizer: Authorizer

    @property
    def run_cap(self) -> Cap:
        """The cap of one run."""
        return Cap() if self.enforcer is None else self.enforcer.rules.run

    async def check_chat_budget(self, person: Person) -> None:
        """Raise `BudgetSpent` or `Stopped` if no model may answer this person now."""
        if self.enforcer is not None:
            await self.enforcer.check_budget(build_chat_account(person))

    async def report(self, person: Person) -> BudgetReport:
        """Return what was spent, by whom and on what, and the caps.

        Raises `NotAuthorized`, and `StoreError` if the ledger cannot be read.
        """
        await self.authorizer.ask(person, Act.READ, None, "budget")
        if self.enforcer is None:
            raise WrongStage("I have no ledger here, because no model is configured.")
        return await build_budget_report(self.enforcer)

    async def post(self, person: Person) -> Post:
        """Return the report as a message, with a chart if one can be drawn."""
        report = await self.report(person)
        chart = build_budget_chart(report)
        png = await self.charts.draw(chart) if chart and self.charts else None
        return render_budget(report, png)


async def build_budget_report(enforcer: BudgetEnforcer) -> BudgetReport:
    """Return the costs of the current day and week. Raises `StoreError`."""
    day, week = enforcer.calendar.get_current()
    now = enforcer.clock.now()
    charted = min(day.since - _CHARTED, week.since)
    sums = await enforcer.ledger.sum_charges(since=charted)
    today = [tally for tally in sums if tally.day >= day.since.date()]
    this_week = [tally for tally in sums if tally.day >= week.since.date()]
    begun = await enforcer.ledger.count_changes(now - _HOUR)
    caps = enforcer.rules
    return BudgetReport(
        at=now,
        day=CapStatus(name="day", cap=caps.day, cost=_sum_tallies(today), free_at=day.until),
        week=CapStatus(
            name="week", cap=caps.week, cost=_sum_tallies(this_week), free_at=week.until
        ),
        run_cap=caps.run,
        people=tuple(
            CapStatus(
                name="person_day",
                cap=caps.person_day,
                cost=cost,
                person_id=person_id,
                free_at=day.until,
            )
            for person_id, (cost, _) in _sum_by_key(
                today, lambda tally: tally.account.person_id
            ).items()
        ),
        week_people=_build_shares(this_week, lambda tally: str(tally.account.person_id)),
        runs=_build_shares(
            (tally for tally in this_week if tally.account.run_id),
            lambda tally: tally.account.run_id or "",
        ),
        purposes=_build_shares(this_week, lambda tally: tally.account.purpose),
        days=tuple(
            DayShare(day=on, purpose=purpose, **dict(cost))
            for (on, purpose), (cost, _) in sorted(
                _sum_by_key(sums, lambda tally: (tally.day, tally.account.purpose)).items()
            )
        ),
        requests=sum(tally.requests for tally in this_week),
        refused=sum(tally.refused for tally in this_week),
        begun=tuple(Begun(engine=name, count=count) for name, count in sorted(begun.items())),
        begun_most=caps.modifications_an_hour,
        trouble=await _find_blocking_reason(enforcer),
    )


async def _find_blocking_reason(enforcer: BudgetEnforcer) -> str:
    """Return why no model may be used for anyone now, or ""."""
    try:
        await enforcer.check_budget(Account(purpose="chat", person_id=-1))
    except BudgetSpent as error:
        return str(error)
    return ""


def _build_shares(
    tallies: Iterable[ChargeSum], key: Callable[[ChargeSum], str]
) -> tuple[Share, ...]:
    """Return the cost of each person, run or purpose, the largest first."""
    return tuple(
        Share(name=name, requests=requests, **dict(cost))
        for name, (cost, requests) in _sum_by_key(tallies, key).items()
    )


def _sum_by_key(
    tallies: Iterable[ChargeSum], key: Callable[[ChargeSum], K]
) -> Mapping[K, tuple[Cost, int]]:
    groups: dict[K, list[ChargeSum]] = defaultdict(list)
    for tally in tallies:
        groups[key(tally)].append(tally)
    found = {
        name: (_sum_tallies(group), sum(tally.requests for tally in group))
        for name, group in groups.items()
    }
    return dict(sorted(found.items(), key=lambda item: item[1][0].cost_usd, reverse=True))


def _sum_tallies(tallies: Iterable[ChargeSum]) -> Cost:
    total = Cost()
    for tally in tallies:
        total = total.add(tally)
    return total
