"""A spend guard with one budget for everybody, and what was asked and paid at it."""

from bot.domain.account import Account, Charge
from bot.domain.cost import Cost
from bot.domain.errors import BudgetSpent, PolicyError


class FakeSpendGuard:
    """Implements `bot.ports.spend_guard.SpendGuard` with a cap of `usd`.

    Of the cap, `reserve_usd` is reserved for final messages. Set `refuses_with` to refuse every
    request. It refuses where the real guard would wait.
    """

    def __init__(self, usd: float = 1_000.0, *, reserve_usd: float = 0.1) -> None:
        self.usd = usd
        self.reserve_usd = reserve_usd
        self.refuses_with: PolicyError | None = None
        self.held: dict[str, tuple[Account, Cost]] = {}
        self.asked: list[tuple[str, Account, Cost]] = []
        self.charges: dict[str, Charge] = {}
        self.progress: dict[str, Charge] = {}

    @property
    def total_cost(self) -> float:
        """The cost so far, in dollars."""
        return sum(charge.cost_usd for charge in self.charges.values())

    async def admit(self, account: Account, most: Cost, request: str) -> str:
        """Admit the request and hold its maximum cost, if the cap allows it."""
        self.asked.append((request, account, most))
        if self.refuses_with is not None:
            raise self.refuses_with
        others = (held for name, (_, held) in self.held.items() if name != request)
        held = sum(other.cost_usd for other in others)
        left = self.usd - self.total_cost - held
        if left <= 0 or most.cost_usd > left:
            raise BudgetSpent(f"The budget is spent: ${self.total_cost:.2f} of ${self.usd:.2f}.")
        self.held[request] = account, most
        return "Only last words." if most.cost_usd > left - self.reserve_usd else ""

    async def note_progress(self, charge: Charge) -> None:
        """Record what the request in progress has cost."""
        self.progress[charge.id] = charge

    async def settle(self, charge: Charge) -> None:
        """Record the result of an admitted request, once."""
        account, _ = self.held.pop(charge.id, (charge.account, Cost()))
        self.charges.setdefault(charge.id, charge.replace(account=account))

    async def get_wrap_up_reason(self, account: Account) -> str:
        """Return why it should end, once only the reserve is left."""
        if self.refuses_with is not None:
            return str(self.refuses_with)
        return "Only last words." if self.usd - self.total_cost <= self.reserve_usd else ""
