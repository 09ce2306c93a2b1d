"""Propose: publishes the proven head as a pull request."""

from collections.abc import Callable
from dataclasses import dataclass

from theseus_guard.record import Record

from bot.authority.approval_policy import ApprovalPolicy
from bot.domain.change import ChangeSet, Verdict, rank_path
from bot.domain.errors import ForgeConflict
from bot.domain.history import History
from bot.domain.plan import Plan
from bot.domain.proposal import ForgeProposal, Proposal, ProposalDraft
from bot.domain.run import Run
from bot.domain.run_state import Edge
from bot.ports.clock import Clock
from bot.ports.forge import Forge
from bot.presentation.cards import (
    list_example_lines,
    list_gate_lines,
    list_not_done_lines,
    render_behaviour_markdown,
)
from bot.presentation.flags import describe_upcoming_flag
from bot.presentation.markdown import escape_line, escape_text
from bot.presentation.pull_request_style import PullRequestStyle
from bot.presentation.pull_requests import describe_failure, format_sentence, pull_request_title
from bot.presentation.run_links import NO_LINKS, RunLinks
from bot.proof import compute_risk, label
from bot.self_improvement.reporting.messages import format_requests
from bot.self_improvement.reporting.proposal_cards import ProposalCards
from bot.self_improvement.runs.patient_forge import PatientForge
from bot.self_improvement.runs.run_records import is_pushed_by_others, need
from bot.self_improvement.runs.transitions import RunTransitions

Render = Callable[..., str]
_OWN_STYLE = PullRequestStyle()


class PullRequestPublisher:
    """Opens or updates the run's pull request. Refuses a change whose checks do not pass."""

    def __init__(
        self,
        forge: Forge,
        clock: Clock,
        *,
        repository: str,
        base_branch: str,
        render: Render,
        links: RunLinks = NO_LINKS,
        style: PullRequestStyle = _OWN_STYLE,
    ) -> None:
        self._forge = forge
        self._clock = clock
        self._repository = repository
        self._base_branch = base_branch
        self._render = render
        self._links = links
        self._style = style

    async def __call__(self, run: Run, history: History) -> Proposal:
        """Return the proposal of `history.verdict.head`. Raises `ForgeError`."""
        verdict, change = history.verdict, history.change_set
        if (
            verdict is None
            or change is None
            or not verdict.is_passing
            or verdict.head != change.head
        ):
            raise AssertionError("a change that does not pass was about to be proposed")
        if history.needs_endorsement:
            raise AssertionError(
                "an unproven change that no approver read was about to be proposed"
            )
        opened = await self._forge.open_proposal(
            ProposalDraft(
                run_id=run.id,
                repository=self._repository,
                branch=change.branch,
                head=change.head,
                base_branch=self._base_branch,
                title=await self._style.title(run, pull_request_title(run, history)),
                body=await self._style.body(self._render_body(run, history, verdict)),
            )
        )
        if opened.head != verdict.head:
            raise ForgeConflict(
                f"#{opened.number} is at `{opened.head[:7]}`, not at the commit I checked."
            )
        return self._build_proposal(run, history, opened)

    def _build_proposal(self, run: Run, history: History, opened: ForgeProposal) -> Proposal:
        earlier, change = history.proposal, history.change_set
        return Proposal(
            run_id=run.id,
            number=opened.number,
            url=opened.url,
            head=opened.head,
            base=change.base if change else "",
            branch=opened.branch,
            version=earlier.version + 1 if earlier else 1,
            note=_explain_new_card(earlier, opened.head),
            at=self._clock.now(),
        )

    def _render_body(self, run: Run, history: History, verdict: Verdict) -> str:
        plan, change = history.plan, history.change_set
        if plan is None or change is None:
            raise AssertionError("a proposal needs a plan and a change")
        checks = [
            f"- {check.name}: {escape_line(check.summary or check.status, 300)}"
            for check in verdict.checks
        ]
        if plan.demonstration:
            calls, error = plan.demonstration
            checks.insert(
                0, f"- `{calls}`: {error} before, passes now{_describe_test(plan, change)}"
            )
        risk = (f"{compute_risk(plan, verdict)}.", label(verdict), plan.impact)
        missing = list_not_done_lines(change)
        template, why = _choose_template(history, verdict)
        if self._style.is_short:
            template = template.replace("pull_request", "pull_request_target")
        trial, issue = verdict.revert_trial, run.trigger.issue
        body = self._render(
            template,
            **why,
            change="\n\n".join(
                filter(
                    None,
                    (
                        format_sentence(change.summary),
                        escape_text(change.description),
                        *missing,
                        *map(escape_text, change.stated),
                    ),
                )
            ),
            files="\n".join(
                f"- `{f.path}` +{f.added} -{f.removed}"
                for f in sorted(change.files, key=lambda file: rank_path(file.path))
            ),
            behaviour=render_behaviour_markdown(verdict),
            tests="\n".join((*checks, *_list_gates(verdict))),
            risk=format_sentence(" ".join(filter(None, risk))),
            rollback=escape_text(
                f"{plan.rollback} Undo: {trial.summary}." if trial else plan.rollback
            ),
            evidence=f"{self._links.format_run(run)}{_format_records(history)}",
        )
        return body if issue is None else f"{body.rstrip()}\n\nCloses #{issue}\n"


@dataclass(frozen=True, eq=False)
class ProposeStep:
    """Shows the proposal to people and waits for their approval."""

    publisher: PullRequestPublisher
    forge: PatientForge
    approval_policy: ApprovalPolicy
    transitions: RunTransitions
    proposal_cards: ProposalCards

    async def perform(self, run: Run, history: History) -> Run:
        """Publish the head that holds; then the run waits for an approval.

        A change that is not proven first waits for an approver who has read it.
        """
        if history.needs_endorsement:
            return await self.transitions.present(run, Edge.FOUND_NOT_PROVEN)
        try:
            proposal = await self.forge.retry_unavailable(
                run, history, lambda: self.publisher(run, history)
            )
        except ForgeConflict:
            if not await self._was_pushed(run, history):
                raise
            # the poller handles the pushed commit
            return await self.transitions.wait(run, Edge.PROPOSED)
        records: tuple[Record, ...] = ()
        revising = history.revising
        if revising is not None:
            records = (revising.replace(is_finished=True),)
            items = history.instructions.items if history.instructions else ()
            new_instructions = items[
                revising.change_set.instruction_count : need(history.change_set).instruction_count
            ]
            if history.proposal is not None and new_instructions:
                note = f"Revised: {format_requests(new_instructions)}. {proposal.note}"
                proposal = proposal.replace(note=note)
        votes = self.approval_policy.create_votes(run, history, proposal)
        waiting = await self.transitions.wait(run, Edge.PROPOSED, proposal, votes, *records)
        await self.proposal_cards.show(waiting)
        return waiting

    async def _was_pushed(self, run: Run, history: History) -> bool:
        """Return whether a commit was pushed, so that our head is not the newest."""
        if history.proposal is None:
            return False
        opened = await self.forge.get_pull_request(run, history, history.proposal)
        return is_pushed_by_others(opened, history)


def _choose_template(history: History, verdict: Verdict) -> tuple[str, dict[str, str]]:
    """Return the template, and its parts about the reason: the request, or the failure."""
    brief, diagnosis = history.brief, history.diagnosis
    if brief is not None:
        behind = describe_upcoming_flag(brief.flag) if brief.flag else ""
        proven = [f"- {escape_line(line, 400)}" for each in verdict.proofs for line in each.details]
        lines = proven or [f"- {line.removeprefix('• ')}" for line in list_example_lines(brief)]
        return "pull_request_change", {
            "asked": escape_line(brief.request, 900),
            "understood": "\n\n".join(filter(None, (escape_text(brief.understood), behind))),
            "examples": "\n".join(lines),
        }
    if diagnosis is None:
        raise AssertionError("a proposal needs a diagnosis or a brief")
    learned = describe_failure(diagnosis, history.evidence)
    return "pull_request", {"learned": learned, "cause": escape_text(diagnosis.cause)}


def _list_gates(verdict: Verdict) -> list[str]:
    """Return the block about the quality gates; empty if none ran."""
    if not verdict.gates:
        return []
    lines = list_gate_lines(verdict)
    listed = [f"  {each}" if each.startswith(("•", "→")) else f"- {each}" for each in lines]
    return ["", "### Quality gates", "", *(each.replace("•", "-", 1) for each in listed)]


def _describe_test(plan: Plan, change: ChangeSet) -> str:
    """Return the file of the new regression test, if the change adds one."""
    reproduction_files = {test.path for test in plan.reproductions}
    new_tests = [f"`{file.path}`" for file in change.files if file.path in reproduction_files]
    return f"; now covered by a test, {new_tests[0]}" if len(new_tests) == 1 else ""


def _format_records(history: History) -> str:
    """Return the journal records behind the diagnosis; empty for a requested change."""
    if history.brief is not None or history.diagnosis is None:
        return ""
    ids = ", ".join(f"`{record}`" for record in history.diagnosis.evidence_ids[:5])
    return f", journal records {ids}"


def _explain_new_card(earlier: Proposal | None, head: str) -> str:
    if earlier is None or earlier.head == head:
        return earlier.note if earlier else ""
    return (
        f"The branch moved from `{earlier.head[:7]}` to `{head[:7]}`: earlier approvals and cards "
        "no longer count."
    )
