"""Renders records for the executor and its reviewer. Callers must fence these texts."""

from collections.abc import Iterator

from theseus_observe.redaction import redact
from theseus_rehearsal.behaviour import BehaviourDiff

from bot.adapters.claude_agent.prompting._texts import clip
from bot.domain.brief import Acceptance, Brief
from bot.domain.change import ChangeSet, CheckResult, Verdict
from bot.domain.evidence import Diagnosis
from bot.domain.plan import Plan

_OUTPUT = 6_000  # characters of one failed check; the end is the most useful part
_TRIED = 12
_NOT_DIAGNOSED = (
    "This is what the evidence shows by rules. There is no diagnosis by a model: the cause is not "
    "known yet, and a suspect commit is a guess."
)
_NOT_PLANNED = (
    "No model planned this. Find the cause first: follow the failing values through the source, "
    "and read the diffs of the suspect commits. Then fix the cause, with the smallest change."
)


def describe_fault(diagnosis: Diagnosis) -> str:
    """Return the headline and cause of a failure, and whether a model explained it."""
    lines = [diagnosis.headline, diagnosis.cause]
    return "\n".join(lines if diagnosis.explained_by else [*lines, _NOT_DIAGNOSED])


def iterate_agreed_lines(brief: Brief) -> Iterator[str]:
    """Yield the agreed brief: what is wanted, what is not, and the examples."""
    yield brief.understood
    yield from (f"Not meant: {topic}" for topic in brief.out_of_scope)
    if brief.flag:
        yield f"Ships behind the flag `{brief.flag}`: with it off, all is as it is today."
    for example in brief.acceptances:
        yield f"Example: {example.asked} -> {example.expected}{_format_flags(example)}"
        for expected in example.wanted:
            expectations = {
                "shows": " and ".join(map(repr, expected.shows)),
                "one of": ", ".join(map(repr, expected.one_of)),
                "never": ", ".join(map(repr, expected.hides)),
            }
            shown = "; ".join(f"{name} {text}" for name, text in expectations.items() if text)
            yield f"  what is seen of step {expected.step}: {shown}"


def _format_flags(example: Acceptance) -> str:
    flags = example.script.world.flags
    return f" (with {', '.join(f'`{flag}`' for flag in flags)} on)" if flags else ""


def plan_text(plan: Plan) -> str:
    """Return the plan, step by step, with its notes.

    The rules' plan is how the offline engine searches: a model only gets its files and tests.
    """
    lines = [f"Problem: {plan.problem}", f"Solution: {plan.solution}", "Steps:"]
    lines += [
        f"{number}. {step.summary} ({', '.join(step.owned_files)})"
        for number, step in enumerate(plan.steps, 1)
    ]
    if not plan.written_by:
        lines = [_NOT_PLANNED, f"Files: {', '.join(sorted(plan.owned_files))}"]
    notes = {
        "Risk": f"{plan.risk}. {plan.impact}",
        "Unit tests": plan.tests.unit,
        "Integration tests": plan.tests.integration,
        "Performance tests": plan.tests.performance,
        "User experience": plan.tests.user_experience,
        "Compatibility": plan.compatibility,
    }
    return "\n".join([*lines, *(f"{name}: {text}" for name, text in notes.items() if text)])


def iterate_behaviour_lines(found: BehaviourDiff) -> Iterator[str]:
    """Yield what changes for people, with the behaviour before and after."""
    yield found.summary
    for change in found.changes:
        mark = "mended" if change.is_fixed else "not asked for"
        yield f"{change.asked} ({mark})"
        yield from (f"  before: {line}" for line in change.difference.before)
        yield from (f"  after: {line}" for line in change.difference.after)


def list_attempt_lines(previous: ChangeSet) -> list[str]:
    """Return the summary and the attempts of the last round."""
    lines = [f"The last round said: {previous.summary}"]
    lines += [f"- {attempt.summary}: {attempt.result}" for attempt in previous.attempts[:_TRIED]]
    return [*lines, f"Review: {previous.review}"] if previous.review else lines


def list_problems(verdict: Verdict) -> list[str]:
    """Return everything that blocks the change, raw, with the end of long outputs."""
    problems = [
        f"Not allowed: {finding.summary}" for finding in verdict.findings if finding.blocking
    ]
    head = verdict.passing_on_head
    is_shown = verdict.failing_on_base is not None and not verdict.is_reproduced
    if head is not None and (is_shown or not head.ok):
        problems.append(_format_output("the failing test still fails", head))
    problems += [
        _format_output(f"failed: {check.name}{_format_failed_before(check, verdict)}", check)
        for check in verdict.checks
        if not check.ok
    ]
    problems += [
        "\n".join((f"not proven, {proof.kind}: {proof.summary}", *proof.details))
        for proof in verdict.proofs
        if not proof.holds
    ]
    return problems or ["No check ran."]


def _format_failed_before(check: CheckResult, verdict: Verdict) -> str:
    return " (it fails without your change too)" if check.name in verdict.failing_before else ""


def _format_output(heading: str, check: CheckResult) -> str:
    command = f"$ {check.command}\n" if check.command else ""
    status = f" ({check.status} after {check.seconds:.0f} s)" if check.status == "timeout" else ""
    output = clip(redact(check.output), _OUTPUT, keep="tail")
    return f"== {heading}{status}\n{command}{output}"
