"""The planner: a model reads evidence and source, and answers in a shape that is checked."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

from bot.adapters.claude_agent._briefing import listed
from bot.adapters.claude_agent._doors import Doors
from bot.adapters.claude_agent._forms import MAX_OWNED, DiagnosisForm, PlanForm, schema
from bot.adapters.claude_agent._output import Objection, explained, planned, read, reproduction
from bot.adapters.claude_agent._program import Claude, Talk
from bot.adapters.claude_agent._stuck import Patience, StuckWatch
from bot.adapters.claude_agent._texts import evidence_text, fenced
from bot.adapters.claude_agent._tidy import tidied
from bot.adapters.claude_agent._turn import Account, Turn, last_cost
from bot.domain.errors import AgentOutputInvalid, TheseusError
from bot.domain.plan import Plan, Reproduction
from bot.domain.record import Record
from bot.domain.roles import Role
from bot.ports.agent import Progress
from bot.ports.planner import Case, Diagnosed, Planned
from bot.ports.workspace import Workspace

TOOLS = ("journal_search", "memory_search")
Taken = TypeVar("Taken", Diagnosed, Planned)


class ClaudePlanner:
    """Implements `bot.ports.planner.Planner` with a model that reads the worktree."""

    def __init__(self, claude: Claude, role: Role, doors: Doors) -> None:
        self._claude = claude
        self._role = role
        self._doors = doors

    @property
    def name(self) -> str:
        """Return the engine and model, for people."""
        return f"claude ({self._role.model})"

    async def diagnose(
        self, case: Case, workspace: Workspace
    ) -> AsyncGenerator[Progress | Diagnosed, None]:
        """Yield progress, then the diagnosis; see the door."""

        async def accept(answer: object) -> Diagnosed:
            form = read(DiagnosisForm, answer)
            return Diagnosed(diagnosis=explained(case.diagnosis, form, case.evidence, self.name))

        evidence = await self._evidence(case)
        prompt = self._doors.prompts.render("planner_diagnose", evidence=evidence)
        talk = self._talk(case, workspace, DiagnosisForm)
        async with aclosing(self._inquire(talk, prompt, accept)) as updates:
            async for update in updates:
                yield update

    async def plan(
        self, case: Case, draft: Plan, workspace: Workspace
    ) -> AsyncGenerator[Progress | Planned, None]:
        """Yield progress, then the plan; see the door."""

        async def accept(answer: object) -> Planned:
            form = read(PlanForm, answer)
            found = explained(case.diagnosis, form, case.evidence, self.name)
            protection = self._doors.protection
            plan = planned(draft, form, case.evidence, workspace.path, protection, self.name)
            test = None if draft.reproductions else await self._test(form, workspace)
            return Planned(diagnosis=found, plan=plan, test=test)

        prompt = await self._plan_wanted(case, draft)
        talk = self._talk(case, workspace, PlanForm)
        async with aclosing(self._inquire(talk, prompt, accept)) as updates:
            async for update in updates:
                yield update

    async def _inquire(
        self, talk: Talk, prompt: str, accept: Callable[[object], Awaitable[Taken]]
    ) -> AsyncGenerator[Progress | Taken, None]:
        """Ask; what does not hold goes back once, with the reason."""
        account = Account()
        try:
            async with self._claude.converse(talk) as conversation:
                account.add(conversation)
                watch = StuckWatch(talk.cwd, Patience(turns=None))
                turn = Turn(conversation, account, talk.cwd, watch.see)
                yield account.progress("reads the evidence")
                for again in (True, False):
                    async with aclosing(turn.say(prompt)) as updates:
                        async for update in updates:
                            yield update
                    try:
                        taken = await accept(turn.reply.structured)
                    except Objection as objection:
                        prompt = self._sent_back(objection, again=again)
                        continue
                    yield taken.but(**dict(account.spent))
                    return
        except TheseusError as error:
            if last := last_cost(account, error):
                yield last
            raise

    def _sent_back(self, objection: Objection, *, again: bool) -> str:
        if not again:
            raise AgentOutputInvalid(
                f"The planner's answer does not hold, twice: {str(objection)[:500]}"
            ) from objection
        return self._doors.prompts.render("planner_again", problem=fenced(str(objection)))

    def _talk(self, case: Case, workspace: Workspace, form: type[Record]) -> Talk:
        seat = self._doors.reader(case.run_id, workspace, TOOLS)
        return Talk(
            name=f"{case.run_id}:{case.attempt}:planner",
            role=self._role,
            cwd=workspace.path,
            system=self._doors.prompts.render("planner"),
            tools=seat.tools,
            server=seat.server,
            judge=seat.judge,
            schema=schema(form),
            seconds=self._role.seconds,
            usd=self._role.usd,
            fresh=True,
        )

    async def _plan_wanted(self, case: Case, draft: Plan) -> str:
        prompts, protection = self._doors.prompts, self._doors.protection
        if draft.reproductions:
            sources = "\n\n".join(fenced(test.source) for test in draft.reproductions)
            proof = prompts.render("planner_proof", source=sources)
        else:
            proof = prompts.render("planner_proof_wanted")
        return prompts.render(
            "planner_plan",
            evidence=await self._evidence(case),
            proof=proof,
            immutable=listed(protection.immutable) or "(none)",
            security=listed(protection.security) or "(none)",
            max_lines=str(protection.max_changed_lines),
            max_files=str(MAX_OWNED),
        )

    async def _evidence(self, case: Case) -> str:
        memory = await self._doors.remembered(case.run_id, case.diagnosis)
        return evidence_text(case.evidence, case.diagnosis, words=case.words, memory=memory)

    async def _test(self, form: PlanForm, workspace: Workspace) -> Reproduction | None:
        if form.test is None:
            return None
        root = workspace.path
        test = reproduction(form.test, taken=lambda path: (root / path).exists())
        return await tidied(test, root, self._doors.sandbox)
