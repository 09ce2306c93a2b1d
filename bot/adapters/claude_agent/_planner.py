"""The planner: a model reads evidence and source, and answers in a shape that is checked."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol, TypeVar

from bot.adapters.claude_agent._briefing import listed
from bot.adapters.claude_agent._cleanup import tidied
from bot.adapters.claude_agent._collaborators import EngineServices
from bot.adapters.claude_agent._forms import MAX_OWNED, DiagnosisForm, PlanForm, schema
from bot.adapters.claude_agent._output import Objection, explained, planned, read, reproduction
from bot.adapters.claude_agent._program import Claude, Talk
from bot.adapters.claude_agent._progress_watch import RepetitionLimits, StuckWatch
from bot.adapters.claude_agent._texts import clipped, evidence_text, fenced
from bot.adapters.claude_agent._turn import CostSum, PromptTurn, last_cost
from bot.domain.account import Account, Purpose
from bot.domain.errors import AgentOutputInvalid, TheseusError
from bot.domain.plan import Plan, Reproduction
from bot.domain.record import Record
from bot.domain.roles import Role
from bot.ports.agent import Progress
from bot.ports.planner import Case, Diagnosed, Planned
from bot.ports.workspace import Workspace
from bot.redaction import redact

TOOLS = ("git_log", "git_show", "journal_search", "memory_search")
Taken = TypeVar("Taken", Diagnosed, Planned)
Result = TypeVar("Result", bound=Diagnosed | Planned, covariant=True)
_OUTPUT = 3_000


class Accept(Protocol[Result]):
    """Makes a record of an answer. Raises `Objection`; what is `final` is not asked for again."""

    async def __call__(self, answer: object, *, final: bool) -> Result:
        """Return the record."""
        ...


class ClaudePlanner:
    """Implements `bot.ports.planner.Planner` with a model that reads the worktree."""

    def __init__(self, claude: Claude, role: Role, services: EngineServices) -> None:
        self._claude = claude
        self._role = role
        self._services = services

    @property
    def name(self) -> str:
        """Return the engine and model, for people."""
        return f"claude ({self._role.model})"

    async def diagnose(
        self, case: Case, workspace: Workspace
    ) -> AsyncGenerator[Progress | Diagnosed, None]:
        """Yield progress, then the diagnosis; see the port."""

        async def accept(answer: object, *, final: bool) -> Diagnosed:
            form = read(DiagnosisForm, answer)
            return Diagnosed(diagnosis=explained(case.diagnosis, form, case.evidence, self.name))

        evidence = await self._evidence(case, workspace)
        prompt = self._services.prompts.render("planner_diagnose", evidence=evidence)
        talk = self._talk(case, workspace, DiagnosisForm, "diagnose")
        async with aclosing(self._inquire(talk, prompt, accept)) as updates:
            async for update in updates:
                yield update

    async def plan(
        self, case: Case, draft: Plan, workspace: Workspace
    ) -> AsyncGenerator[Progress | Planned, None]:
        """Yield progress, then the plan; see the port."""

        async def accept(answer: object, *, final: bool) -> Planned:
            form = read(PlanForm, answer)
            found = explained(case.diagnosis, form, case.evidence, self.name)
            protection = self._services.protection.naming(case.named)
            plan = planned(draft, form, case.evidence, workspace.path, protection, self.name)
            test = None if draft.judged_by else await self._test(form, workspace, final)
            return Planned(diagnosis=found, plan=plan, test=test)

        prompt = await self._plan_wanted(case, draft, workspace)
        talk = self._talk(case, workspace, PlanForm, "plan")
        async with aclosing(self._inquire(talk, prompt, accept)) as updates:
            async for update in updates:
                yield update

    async def _inquire(
        self, talk: Talk, prompt: str, accept: Accept[Taken]
    ) -> AsyncGenerator[Progress | Taken, None]:
        """Ask; what does not hold goes back once, with the reason."""
        tally = CostSum()
        try:
            async with self._claude.converse(talk) as conversation:
                tally.add(conversation)
                watch = StuckWatch(talk.cwd, RepetitionLimits(turns=None))
                turn = PromptTurn(conversation, tally, talk.cwd, watch.see)
                yield tally.progress("reads the evidence")
                for final in (False, True):
                    async with aclosing(turn.say(prompt)) as updates:
                        async for update in updates:
                            yield update
                    try:
                        taken = await accept(turn.reply.structured, final=final)
                    except Objection as objection:
                        prompt = self._sent_back(objection, final=final)
                        continue
                    yield taken.but(**dict(tally.spent))
                    return
        except TheseusError as error:
            if last := last_cost(tally, error):
                yield last
            raise

    def _sent_back(self, objection: Objection, *, final: bool) -> str:
        if final:
            raise AgentOutputInvalid(
                f"The planner's answer does not hold, twice: {str(objection)[:500]}"
            ) from objection
        return self._services.prompts.render("planner_again", problem=fenced(str(objection)))

    def _talk(self, case: Case, workspace: Workspace, form: type[Record], purpose: Purpose) -> Talk:
        session = self._services.reader(case.run_id, workspace, TOOLS)
        return Talk(
            name=f"{case.run_id}:{case.attempt}:planner",
            role=self._role,
            cwd=workspace.path,
            system=self._services.prompts.render("planner"),
            account=Account(purpose=purpose, person_id=case.person_id, run_id=case.run_id),
            tools=session.tools,
            server=session.server,
            judge=session.judge,
            schema=schema(form),
            seconds=self._role.seconds,
            usd=self._role.usd,
            fresh=True,
        )

    async def _plan_wanted(self, case: Case, draft: Plan, workspace: Workspace) -> str:
        prompts, protection = self._services.prompts, self._services.protection.naming(case.named)
        if draft.judged_by:
            sources = "\n\n".join(fenced(test.source) for test in draft.judged_by)
            proof = prompts.render("planner_proof", source=sources)
        else:
            proof = prompts.render("planner_proof_wanted")
        return prompts.render(
            "planner_plan",
            evidence=await self._evidence(case, workspace),
            proof=proof,
            free=listed(protection.under("free")) or "(none)",
            immutable=listed(protection.under("never", "named")) or "(none)",
            named=listed(sorted(filter(protection.over, protection.named))) or "(none)",
            security=listed(protection.under("review")) or "(none)",
            max_lines=str(protection.max_changed_lines),
            max_files=str(MAX_OWNED),
        )

    async def _evidence(self, case: Case, workspace: Workspace) -> str:
        return evidence_text(
            case.evidence,
            case.diagnosis,
            words=case.words,
            memory=await self._services.remembered(case.run_id, case.diagnosis),
            checks=await self._services.checks(workspace),
        )

    async def _test(self, form: PlanForm, workspace: Workspace, final: bool) -> Reproduction | None:
        """Return the model's test; what does not fail as it says goes back once, then nowhere."""
        if form.test is None:
            return None
        root = workspace.path
        try:
            test = reproduction(form.test, taken=lambda path: (root / path).exists())
            test = await tidied(test, root, self._services.sandbox)
            await self._fails_today(test, workspace)
        except Objection:
            if final:
                return None
            raise
        return test

    async def _fails_today(self, test: Reproduction, workspace: Workspace) -> None:
        verifier = self._services.verifier
        if await verifier.reds([test], workspace):
            return
        result = await verifier.run_at_base(test, workspace)
        output = clipped(redact(result.output), _OUTPUT, keep="tail")
        raise Objection(
            f"test: on the present code it has to fail with {test.expects}, raised by the code it "
            f"calls and not by the test itself. It ended so: {result.status}, {result.summary}\n"
            f"{output}"
        )
