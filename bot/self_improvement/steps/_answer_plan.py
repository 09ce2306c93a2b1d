"""Plans the fix of incorrect output: the output that a person called right is the proof."""

from theseus_guard.syntax import evaluate_literal

from bot.domain.cogs import get_cog_name
from bot.domain.errors import WorkspaceError
from bot.domain.evidence import Diagnosis
from bot.domain.history import History
from bot.domain.incorrect_output import IncorrectOutput
from bot.domain.plan import Plan, Reproduction, Step, TestPlan
from bot.domain.replay import Replay
from bot.domain.run import Run
from bot.ports.verifier import Verifier
from bot.ports.workspace import Workspace
from bot.presentation.incorrect_output import format_request
from bot.proof.answer_tests import answer_probe, answer_test, find_room_difference
from bot.proof.reproduction import ROOM
from bot.self_improvement.checks.failure_replays import FailureReplays

NOT_PROVABLE = (
    "I see the answer, but could not write a test that shows the wrong and the right answer. It "
    "may depend on chance, on other services, or on what my test room lacks. So I cannot prove a "
    "fix and propose none."
)


def get_incorrect_output(run: Run, history: History) -> IncorrectOutput | None:
    """Return this attempt's report of incorrect output, once the right output is known."""
    wrong = history.incorrect_output
    here = wrong is not None and wrong.attempt == run.attempt and wrong.expected != ""
    return wrong if here else None


async def _find_failing_test(
    wrong: IncorrectOutput, verifier: Verifier, workspace: Workspace
) -> Reproduction | None:
    """Return a test of the right output that fails on base; `None` if none can be made.

    The output of an earlier commit is evaluated again in the test's room, because the room has
    other users and other random values than the replay. An output that a person expects has to mean
    the same in both.
    """
    room = await workspace.read_base(ROOM)
    first = answer_test(wrong.example, wrong.expected, room) if wrong.example and room else None
    probe = answer_probe(first) if first else None
    if wrong.example is None or room is None or first is None or probe is None:
        return None
    today = _read(*await verifier.evaluate_calls([probe], workspace))
    if wrong.since is None or wrong.expected != wrong.since.old:
        is_same_here = not today or any(line in today for line in wrong.today)
        test = first if is_same_here else None
    else:
        old = await _evaluate_before(wrong.since.before, probe, verifier, workspace)
        expected = find_room_difference(old, today)
        test = answer_test(wrong.example, expected, room) if expected else None
    failing = await verifier.find_failing([test.replace(answered=True)], workspace) if test else ()
    return failing[0].reproduction if failing else None


async def _evaluate_before(
    commit: str, probe: Reproduction, verifier: Verifier, workspace: Workspace
) -> str:
    """Return the output of an earlier commit; empty if it gives none."""
    try:
        await workspace.reset(commit)
        return _read(*await verifier.evaluate_calls([probe], workspace))
    except WorkspaceError:
        return ""
    finally:
        await workspace.reset(workspace.base)


async def _build_replay(
    wrong: IncorrectOutput, replays: FailureReplays | None, base: str
) -> Replay | None:
    """Return a replay that proves the example, if the output of an earlier commit is right.

    It covers what a test's room lacks: permissions, restarts of the bot, and late answers.
    """
    since = wrong.since
    if replays is None or wrong.example is None or since is None or wrong.expected != since.old:
        return None
    return await replays.answer(wrong.example, since.before, base)


async def answer_plan(
    wrong: IncorrectOutput,
    diagnosis: Diagnosis,
    verifier: Verifier,
    workspace: Workspace,
    replays: FailureReplays | None = None,
) -> Plan:
    """Return the plan for incorrect output, with a test if one fails on base.

    If no test can be written and an earlier commit is right, a replay is the proof.
    """
    reproduction = await _find_failing_test(wrong, verifier, workspace)
    replay = None if reproduction else await _build_replay(wrong, replays, workspace.base)
    touched = (file for suspect in diagnosis.suspects for file in suspect.touched)
    code = [file for file in touched if file.endswith(".py") and not file.startswith("tests/")]
    own = [file for file in code if get_cog_name(file) in (_get_cog_name(wrong), "")]
    files = tuple(dict.fromkeys([diagnosis.file, *own]))
    listed = ", ".join(f"`{file}`" for file in files)
    return Plan(
        problem=diagnosis.cause,
        solution=(
            f"Find the smallest edit of {listed} after which {format_request(wrong)} is answered "
            "correctly again: revert parts of the suspect commit first, then try single edits."
        ),
        steps=(Step(summary=f"Edit {listed}", owned_files=files),),
        impact=f"People who use {format_request(wrong)}, and everything else that commit changed.",
        tests=TestPlan(
            unit=f"A regression test that asks `{reproduction.calls}`." if reproduction else "",
            integration="The tests that reach the changed files.",
        ),
        verification=f"{format_request(wrong)} is answered as people said it should be.",
        rollback="Revert the merge commit. Nothing else needs to be reverted.",
        reproduction=reproduction,
        replay=replay,
    )


def _get_cog_name(wrong: IncorrectOutput) -> str:
    return wrong.example.cog if wrong.example else ""


def _read(source: str | None) -> str:
    """Return the text of a string literal's source; empty for anything else."""
    value = evaluate_literal(source) if source else ""
    return value if isinstance(value, str) else ""
