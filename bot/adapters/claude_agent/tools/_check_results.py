"""Formats results of tests and checks for a model, with the end of each failing output."""

from collections.abc import Sequence

from theseus_observe.redaction import redact

from bot.adapters.claude_agent.prompting._plain_text import flatten
from bot.adapters.claude_agent.prompting._record_texts import iterate_behaviour_lines
from bot.adapters.claude_agent.prompting._texts import clip, fence_text
from bot.domain.change import Attempt, CheckResult, Verdict
from bot.domain.plan import Plan
from bot.ports.verifier import CheckKind, Verifier
from bot.ports.workspace import Workspace

RAW = 6_000  # characters of output in one answer


async def list_changed_files(workspace: Workspace) -> list[str]:
    """Return the files that were added or changed compared with base."""
    return [change.path for change in await workspace.list_changes() if change.status != "deleted"]


async def prove(
    verifier: Verifier, workspace: Workspace, files: Sequence[str], only: CheckKind
) -> tuple[CheckResult, ...]:
    """Run base's checks of one kind on these files."""

    async def receive(_: CheckResult) -> None:
        """Ignore single results; the caller waits for all of them."""

    return await verifier.run_checks("quick", workspace, files, receive, only=only)


async def reproduce(
    verifier: Verifier, workspace: Workspace, plan: Plan
) -> tuple[CheckResult, ...]:
    """Run every reproduction of the fault on the current worktree."""
    if not plan.reproductions:
        return ()
    results = await verifier.run_reproductions(plan.reproductions, workspace)
    return tuple(
        result.replace(name=f"reproduction {test.calls}")
        for test, result in zip(plan.reproductions, results, strict=True)
    )


def format_results(results: Sequence[CheckResult], placeholder: str) -> str:
    """Return a line for each result, then the redacted ends of the failing outputs.

    Returns `placeholder` if there are no results.
    """
    if not results:
        return placeholder
    lines = [_format_result(result) for result in results]
    failed = [result for result in results if not result.ok and result.output.strip()]
    share = RAW // max(1, len(failed))
    tails = [
        f"The end of what `{flatten(result.name, 60)}` said:\n"
        + fence_text(clip(redact(result.output).strip(), share, keep="tail"), "output")
        for result in failed
    ]
    return "\n\n".join(["\n".join(lines), *tails])


def format_verdict(verdict: Verdict) -> str:
    """Return the results of the checks of a change for its reviewer."""
    head = verdict.passing_on_head
    reproduction = (head,) if head else ()
    results = format_results((*reproduction, *verdict.checks), "No check ran.")
    proofs = [f"PROVEN {proof.kind}: {flatten(proof.summary, 300)}" for proof in verdict.proofs]
    replays = list(iterate_behaviour_lines(verdict.behaviour)) if verdict.behaviour else []
    heading = ["What replays of recorded traffic show:"] if replays else []
    return "\n".join([results, *proofs, *heading, *replays])


def build_checkup_attempt(verdict: Verdict) -> Attempt:
    """Return what people read about checks that failed while the engine worked."""
    failed = [finding.summary for finding in verdict.findings if finding.blocking]
    head = verdict.passing_on_head
    failed += ["the reproduction"] if head is not None and not head.ok else []
    failed += [each.name for each in verdict.checks if not each.ok]
    failed += [f"the proof “{each.kind}”" for each in verdict.proofs if not each.holds]
    result = f"failed: {flatten(', '.join(failed), 300)}"
    return Attempt(summary="our program checked the change", result=result)


def _format_result(result: CheckResult) -> str:
    summary = f": {flatten(result.summary, 160)}" if result.summary else ""
    return f"{result.status.upper()} {flatten(result.name, 80)}{summary} ({result.seconds:.1f} s)"
