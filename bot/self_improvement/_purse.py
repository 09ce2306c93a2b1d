"""The purse: what calls in progress have spent, so that one that fails is counted too."""

from bot.domain.run import Run
from bot.domain.spent import Spent


class Purse:
    """Holds what was spent for a run and does not stand in its row yet."""

    def __init__(self) -> None:
        self._spent: dict[str, Spent] = {}

    def note(self, run_id: str, spent: Spent) -> None:
        """Note what the present call has spent so far."""
        self._spent[run_id] = Spent().plus(spent)

    def unsettled(self, run: Run) -> Spent:
        """Return what the run's row does not say yet."""
        return self._spent.get(run.id, Spent())

    def shown(self, run: Run) -> Run:
        """Return the run as people should see it: with what is being spent now."""
        return _charged(run, self.unsettled(run))

    def settle(self, run: Run) -> Run:
        """Return the run with what was spent for it, to be saved; the purse is empty then."""
        return _charged(run, self._spent.pop(run.id, Spent()))


def _charged(run: Run, spent: Spent) -> Run:
    return run.but(
        cost_usd=run.cost_usd + spent.cost_usd,
        tokens_in=run.tokens_in + spent.tokens_in,
        tokens_out=run.tokens_out + spent.tokens_out,
    )
