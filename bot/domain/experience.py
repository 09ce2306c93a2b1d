"""Experience: past runs, worked again with other prompts, skills, models or rules."""

from typing import Literal

from pydantic import Field
from theseus_guard.record import Record

Comparison = Literal["better", "worse", "same", "unmeasured"]


class ExperienceLimits(Record):
    """How much a replay of cases may take. Whatever does not fit is left out, and named."""

    cases: int = Field(default=3, ge=0, le=100, description="worked again; 0: none")
    usd: float = Field(default=1.0, ge=0, le=1_000, description="for all of them, in US dollars")
    seconds: float = Field(default=240.0, gt=0, le=86_400, description="for all of them")


class CaseTrial(Record):
    """One case that was worked again. `solved` is `None` if that could not be decided."""

    run_id: str
    fault: str = ""
    was_solved: bool
    solved: bool | None = None
    why: str = Field(default="", description="why it failed, or could not be decided")
    cost_usd: float = 0.0
    seconds: float = 0.0

    @property
    def comparison(self) -> Comparison:
        """The result compared with that of the run."""
        if self.solved is None:
            return "unmeasured"
        if self.solved == self.was_solved:
            return "same"
        return "better" if self.solved else "worse"


class ExperienceReport(Record):
    """The trials of one replay, and how many cases were left out for the limits."""

    engine: str
    trials: tuple[CaseTrial, ...] = ()
    omitted: int = 0

    def count(self, comparison: Comparison) -> int:
        """Return the number of trials with this result."""
        return sum(each.comparison == comparison for each in self.trials)

    @property
    def cost_usd(self) -> float:
        """The cost of all trials."""
        return sum(each.cost_usd for each in self.trials)

    @property
    def summary(self) -> str:
        """The counts, in a line for the card."""
        counts = [f"{self.count(each)} {each}" for each in ("better", "worse", "same")]
        unmeasured = self.count("unmeasured")
        counts += [f"{unmeasured} not measured"] if unmeasured else []
        counts += [f"{self.omitted} left out for the limits"] if self.omitted else []
        cost = f", ${self.cost_usd:.2f}" if self.cost_usd else ""
        return (
            f"{len(self.trials)} past runs worked again by {self.engine}: {', '.join(counts)}{cost}"
        )
