"""A planner of requests with scripted answers."""

from collections.abc import AsyncGenerator

from theseus_rehearsal.records import CommandStep, Script, ScriptWorld

from bot.domain.brief import Acceptance, Brief, Wanted
from bot.domain.errors import TheseusError
from bot.domain.plan import Plan, Step
from bot.ports.agent import Progress
from bot.ports.planner import Briefed, Request
from bot.ports.workspace import Workspace

FLIPS = Acceptance(
    asked="`/coinflip`",
    expected="heads or tails",
    script=Script(world=ScriptWorld(cogs=("coinflip",)), steps=(CommandStep(command="coinflip"),)),
    wanted=(Wanted(step=0, one_of=("heads", "tails")),),
    missing="no such command",
)
BUILDS = Plan(
    problem="Nobody can flip a coin.",
    solution="A cog with one command, which picks one of two words.",
    steps=(Step(summary="Add the cog", owned_files=("cogs/coinflip.py",)),),
    impact="There is one command more.",
    rollback="Revert the merge commit.",
)


class FakeRequestPlanner:
    """Implements `bot.ports.planner.RequestPlanner`.

    `briefs` are its answers to the requests in turn, the last repeatedly, each with the person's
    text. `error` is raised instead, after some cost.
    """

    name = "fake (rules of thumb)"

    def __init__(
        self,
        *briefs: Brief,
        plan: Plan = BUILDS,
        error: TheseusError | None = None,
    ) -> None:
        coin = Brief(request="", understood="A command that flips a coin.", acceptances=(FLIPS,))
        self.briefs = briefs or (coin,)
        self.plan = plan
        self.error = error
        self.asked: list[Request] = []

    async def brief(
        self, request: Request, workspace: Workspace
    ) -> AsyncGenerator[Progress | Briefed, None]:
        """Say the next of its briefs."""
        self.asked.append(request)
        yield Progress(text="reading what there is", cost_usd=0.005, tokens_in=50)
        if self.error is not None:
            raise self.error
        said = self.briefs[min(len(self.asked), len(self.briefs)) - 1]
        brief = said.replace(request=request.text, written_by=self.name)
        plan = None if brief.objection else self.plan.replace(written_by=self.name)
        yield Briefed(brief=brief, plan=plan, cost_usd=0.02, tokens_in=200, tokens_out=20)
