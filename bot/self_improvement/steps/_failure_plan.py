"""Plans the fix of a failure by rules."""

from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.plan import Plan, Step, TestPlan


def build_failure_plan(evidence: Evidence, diagnosis: Diagnosis) -> Plan:
    """Return the plan without its proof: an edit of the files in the traceback."""
    capsule = evidence.capsule
    frames = capsule.frames if capsule else ()
    files = tuple(dict.fromkeys(frame.file for frame in reversed(frames))) or (diagnosis.file,)
    exception = capsule.exception if capsule else "the failure"
    used = diagnosis.event_name if diagnosis.event else "what failed"
    return Plan(
        problem=diagnosis.cause,
        solution=(
            f"Find the smallest edit of {_format_files(files)} after which `{diagnosis.function}` "
            f"no longer raises {exception}: revert parts of suspect commits first, then try single "
            "edits."
        ),
        steps=(Step(summary=f"Edit {_format_files(files)}", owned_files=files),),
        impact=f"People who use {used}.",
        tests=TestPlan(integration="The tests that reach the changed files."),
        verification=f"No more failures with fingerprint {diagnosis.fingerprint}.",
        rollback="Revert the merge commit. Nothing else needs to be reverted.",
    )


def _format_files(files: tuple[str, ...]) -> str:
    return ", ".join(f"`{file}`" for file in files)
