"""The planner: a model reads the evidence and the source; its structured answer is checked."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from theseus_guard.protection import Protection, is_covered
from theseus_guard.record import Record
from theseus_observe.redaction import redact

from bot.adapters.claude_agent._brief_form import BriefForm
from bot.adapters.claude_agent._brief_output import build_brief, build_plan
from bot.adapters.claude_agent._collaborators import EngineServices
from bot.adapters.claude_agent._forms import DiagnosisForm, PlanForm, build_schema
from bot.adapters.claude_agent._inquiry import Accept, Answer, inquire
from bot.adapters.claude_agent._output import (
    Explained,
    Objection,
    build_diagnosis,
    build_reproduction,
    complete_plan,
    read,
    remove_unknown_ids,
)
from bot.adapters.claude_agent.program._cleanup import clean_up_test
from bot.adapters.claude_agent.program._program import Claude, Talk
from bot.adapters.claude_agent.prompting._passages import render_passages
from bot.adapters.claude_agent.prompting._request_texts import request_text
from bot.adapters.claude_agent.prompting._texts import clip, fence_text, render_evidence
from bot.adapters.claude_agent.tools._research_tools import ResearchTools
from bot.domain.account import Account, Purpose
from bot.domain.plan import Plan, Reproduction
from bot.domain.research import NumberedPassages
from bot.domain.roles import Role
from bot.infra.current_work import name_work
from bot.ports.agent import Progress
from bot.ports.planner import Briefed, Case, Diagnosed, Planned, Request
from bot.ports.workspace import Workspace
from bot.prompts import Prompts

TOOLS = ("git_log", "git_show", "journal_search", "memory_search")
_OUTPUT = 3_000


class ClaudePlanner:
    """Implements both ports of `bot.ports.planner` with a model that reads the worktree."""

    def __init__(self, claude: Claude, role: Role, services: EngineServices) -> None:
        self._claude = claude
        self._role = role
        self._services = services

    @property
    def name(self) -> str:
        """The engine and model, for people."""
        return f"claude ({self._role.model})"

    async def diagnose(
        self, case: Case, workspace: Workspace
    ) -> AsyncGenerator[Progress | Diagnosed, None]:
        """Yield progress, then the diagnosis; see the port."""

        async def accept(answer: object, *, final: bool) -> Diagnosed:
            form = _read_explained(DiagnosisForm, answer, case, final=final)
            return Diagnosed(
                diagnosis=build_diagnosis(case.diagnosis, form, case.evidence, self.name)
            )

        evidence = await self._render_evidence(case, workspace)
        prompt = self._services.prompts.render("planner_diagnose", evidence=evidence)
        talk = self._talk(case, workspace, DiagnosisForm, "diagnose")
        async with aclosing(self._inquire(talk, prompt, accept, case.run_id)) as updates:
            async for update in updates:
                yield update

    async def plan(
        self, case: Case, draft: asyncio.Future[Plan], workspace: Workspace
    ) -> AsyncGenerator[Progress | Planned, None]:
        """Yield progress, then the plan; see the port.

        If the rules' plan is still in work, the model reads meanwhile, and gets its proof with the
        result of a tool.
        """
        news = _DraftNews(draft, self._services.prompts)

        async def accept(answer: object, *, final: bool) -> Planned:
            form = _read_explained(PlanForm, answer, case, final=final)
            diagnosis = build_diagnosis(case.diagnosis, form, case.evidence, self.name)
            protection = self._services.protection.add_named_files(case.named)
            with name_work("the plan is written and waits for the reproduction"):
                rules = await draft
            plan = complete_plan(rules, form, case.evidence, workspace.path, protection, self.name)
            if not (rules.judged_by or form.test or news.is_delivered or final):
                raise Objection(f"test: {news.take()}")
            test = None if rules.judged_by else await self._test(form, workspace, final)
            return Planned(diagnosis=diagnosis, plan=plan, test=test)

        prompt = await self._plan_wanted(case, news, workspace)
        talk = replace(self._talk(case, workspace, PlanForm, "plan"), news=news.take)
        inquiry = self._inquire(talk, prompt, accept, case.run_id, case.passages)
        async with aclosing(inquiry) as updates:
            async for update in updates:
                yield update

    async def brief(
        self, request: Request, workspace: Workspace
    ) -> AsyncGenerator[Progress | Briefed, None]:
        """Yield progress, then the brief; see the port."""
        protection = self._services.protection.add_named_files(request.named)

        async def accept(answer: object, *, final: bool) -> Briefed:
            form, root = read(BriefForm, answer), workspace.path
            brief = build_brief(
                form, request, root, protection, self.name, is_own=self._services.is_own
            )
            return Briefed(brief=brief, plan=build_plan(form, root, protection, self.name))

        checks = await self._services.render_checks(workspace)
        prompt = self._services.prompts.render(
            "planner_brief", request=request_text(request, checks), **_build_scope(protection)
        )
        if not self._services.is_own:
            more = self._services.prompts.render("planner_brief_target")
            prompt = f"{prompt}\n\n{more}"
        talk = self._talk(request, workspace, BriefForm, "plan", system="planner_request")
        inquiry = self._inquire(talk, prompt, accept, request.run_id, request.passages)
        async with aclosing(inquiry) as updates:
            async for update in updates:
                yield update

    async def _inquire(
        self,
        talk: Talk,
        prompt: str,
        accept: Accept[Answer],
        run_id: str,
        passages: NumberedPassages = (),
    ) -> AsyncGenerator[Progress | Answer, None]:
        """Yield progress, then the accepted record; the model also sees the person's pictures."""
        prompts, source = self._services.prompts, self._services.pictures
        if passages:
            sources = prompts.render("planner_sources", sources=render_passages(passages))
            prompt = f"{prompt}\n\n{sources}"
        pictures = await source.load(run_id) if source is not None else ()
        if pictures:
            note = prompts.render("planner_pictures", count=str(len(pictures)))
            prompt, talk = f"{prompt}\n\n{note}", replace(talk, pictures=pictures)
        async with aclosing(inquire(self._claude, prompts, talk, prompt, accept)) as updates:
            async for update in updates:
                yield update

    def _talk(
        self,
        case: Case | Request,
        workspace: Workspace,
        form: type[Record],
        purpose: Purpose,
        system: str = "planner",
    ) -> Talk:
        account = Account(purpose=purpose, person_id=case.person_id, run_id=case.run_id)
        research = self._services.research
        session = self._services.open_reader(
            case.run_id,
            workspace,
            TOOLS,
            "planner",
            ResearchTools(research, account) if research is not None else None,
        )
        return Talk(
            name=f"{case.run_id}:{case.attempt}:planner",
            role=self._role,
            cwd=workspace.path,
            system=session.build_system_prompt(self._services.prompts.render_system(system)),
            account=account,
            tools=session.tools,
            server=session.server,
            judge=session.judge,
            schema=build_schema(form),
            seconds=self._role.seconds,
            usd=self._role.usd,
            fresh=True,
        )

    async def _plan_wanted(self, case: Case, news: "_DraftNews", workspace: Workspace) -> str:
        prompts, protection = (
            self._services.prompts,
            self._services.protection.add_named_files(case.named),
        )
        return prompts.render(
            "planner_plan",
            evidence=await self._render_evidence(case, workspace),
            proof=news.take() or prompts.render("planner_proof_pending"),
            **_build_scope(protection),
        )

    async def _render_evidence(self, case: Case, workspace: Workspace) -> str:
        return render_evidence(
            case.evidence,
            case.diagnosis,
            request=case.text,
            memory=await self._services.list_memories(case.run_id, case.diagnosis),
            checks=await self._services.render_checks(workspace),
        )

    async def _test(self, form: PlanForm, workspace: Workspace, final: bool) -> Reproduction | None:
        """Return the model's test. A test that does not fail as expected is sent back once.

        Returns `None` if the final test does not fail as expected either.
        """
        if form.test is None:
            return None
        root = workspace.path
        try:
            test = build_reproduction(form.test, is_taken=lambda path: (root / path).exists())
            test = await clean_up_test(test, root, self._services.sandbox)
            await self._check_failing(test, workspace)
        except Objection:
            if final:
                return None
            raise
        return test

    async def _check_failing(self, test: Reproduction, workspace: Workspace) -> None:
        verifier = self._services.verifier
        if await verifier.find_failing([test], workspace):
            return
        result = await verifier.run_at_base(test, workspace)
        output = clip(redact(result.output), _OUTPUT, keep="tail")
        raise Objection(
            f"test: on the present code it has to fail with {test.expects}, raised by the code it "
            f"calls and not by the test itself. It ended so: {result.status}, {result.summary}\n"
            f"{output}"
        )


def _read_explained(form: type[Explained], answer: object, case: Case, *, final: bool) -> Explained:
    """Return the answer as a form; a final one loses wrong citations, and is not refused for them.

    Raises `Objection`.
    """
    found = read(form, answer)
    return remove_unknown_ids(found, case.evidence) if final else found


class _DraftNews:
    """How a plan will be proved, for a planner that began to read before this was known."""

    def __init__(self, draft: asyncio.Future[Plan], prompts: Prompts) -> None:
        self._draft = draft
        self._prompts = prompts
        self.is_delivered = False

    def take(self) -> str:
        """Return the news once it is known, the first time only; else ""."""
        if self.is_delivered or not self._draft.done():
            return ""
        if self._draft.cancelled() or self._draft.exception() is not None:
            return ""  # raised where the draft is awaited
        self.is_delivered = True
        tests = self._draft.result().judged_by
        if not tests:
            return self._prompts.render("planner_proof_wanted")
        sources = "\n\n".join(fence_text(test.source) for test in tests)
        return self._prompts.render("planner_proof", source=sources)


def _build_scope(protection: Protection) -> dict[str, str]:
    """Return which files a plan may touch, as variables of prompts."""
    named = _format_patterns(sorted(filter(protection.find_class, protection.named)), "")
    return {
        "free": _format_patterns(protection.list_patterns("free")),
        "immutable": _format_patterns(protection.list_patterns("never", "named")),
        "named": f"A person named these files, so they may change:\n\n{named}\n\n" if named else "",
        "security": _format_patterns(protection.list_patterns("review")),
        "max_lines": str(protection.max_changed_lines),
        "max_files": str(protection.max_owned_files),
    }


def _format_patterns(patterns: Sequence[str], nothing: str = "(none)") -> str:
    """Return paths and patterns in one paragraph, without those that another one covers."""
    kept = list(dict.fromkeys(patterns))
    for each in patterns:
        if is_covered(each, [other for other in kept if other != each]):
            kept = [other for other in kept if other != each]
    return ", ".join(f"`{each}`" for each in kept) or nothing
