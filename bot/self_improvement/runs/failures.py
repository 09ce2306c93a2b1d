"""Decides what follows a failed step: the run ends, waits for a person, or falls back."""

from dataclasses import dataclass

from theseus_guard.record import Record
from theseus_observe.redaction import redact

from bot.budget.run_cost_meter import RunCostMeter
from bot.domain.change import ChangeSet, FullTier, Verdict
from bot.domain.errors import (
    AgentOutputInvalid,
    AgentRefused,
    AgentStuck,
    AgentTimeout,
    ChatRejected,
    OutOfBounds,
    TheseusError,
)
from bot.domain.history import History
from bot.domain.ids import shorten_id
from bot.domain.posts import Attachment, Button
from bot.domain.run import Run, Stage, Status, Waiting
from bot.domain.run_state import Edge
from bot.ports.store import Store
from bot.ports.targets import Targets
from bot.presentation.cards import build_output_files, build_verdict_files, get_activity
from bot.presentation.markdown import escape_line
from bot.self_improvement.reporting.fallback_notifier import THREAD_LOST
from bot.self_improvement.reporting.messages import (
    UNDECIDED,
    describe_merge_findings,
    describe_unrelated_failures,
)
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.requests.proposal_closer import try_close_proposal
from bot.self_improvement.runs.candidate_selection import CandidateSelection
from bot.self_improvement.runs.transitions import RunTransitions

# Errors that teach something about the fault. Others are temporary, or are not about the fault: an
# exhausted budget, an unavailable provider, a bug in Theseus.
_TEACHING = (AgentOutputInvalid, AgentRefused, AgentStuck, AgentTimeout, OutOfBounds)


@dataclass(frozen=True, eq=False)
class StepFailures:
    """Decides how a run continues after a failure, and says why. Raises `StoreConflict`."""

    store: Store
    targets: Targets
    notifier: RunNotifier
    cost_meter: RunCostMeter
    transitions: RunTransitions
    candidates: CandidateSelection

    async def fail(self, run_id: str, stage: Stage, error: Exception, record_id: str) -> Run:
        """End the run whose `stage` raised; after a failed shipment, wait for another approval."""
        run = await self.store.get(run_id)
        if run.has_ended:
            return run
        run = self.cost_meter.settle(run)
        history = await self.store.get_history(run.id)
        explanation = _explain(error, record_id)
        if stage is Stage.SHIP and history.proposal is not None:
            return await self.wait_for_ship(run, explanation)
        if isinstance(error, ChatRejected) and run.thread_id is not None:
            return await self.wait_for_thread(run, explanation)
        fallback = await self.fall_back(run, history, explanation)
        if fallback is not None:
            return fallback
        reason = f"Stopped while {get_activity(stage)}: {explanation}"
        if isinstance(error, TheseusError) and error.retryable:
            reason += f" `/runs retry {run.id}` tries again."
        reason += await try_close_proposal(self.targets, run, history, reason)
        return await self.transitions.end(
            run, Edge.FAILED, reason, teaches=isinstance(error, _TEACHING)
        )

    async def fall_back(
        self,
        run: Run,
        history: History,
        why: str,
        change: ChangeSet | None = None,
        *,
        worked_on: bool = True,
    ) -> Run | None:
        """Fall back to an earlier state that holds, if there is one; else return `None`.

        This is the state before a revision, or the best of the candidates so far. `change` is what
        the revision has produced.
        """
        if history.revising is not None:
            return await self.give_up_revision(run, history, why, change, worked_on=worked_on)
        return await self.candidates.propose_best(run, history, why, worked_on=worked_on)

    async def wait_for_thread(self, run: Run, why: str) -> Run:
        """Wait with messages that the thread refused until people say where to continue."""
        waiting = await self.transitions.await_thread(run, THREAD_LOST)
        await self.report_lost_thread(waiting, f"{why} ")
        return waiting

    async def report_lost_thread(self, run: Run, why: str = "") -> None:
        """Say in another place that a run waits for a thread. Can be repeated safely."""
        text = f"{why}{THREAD_LOST} Press “Open a new thread” to go on, or “Cancel” to end the run."
        await self.notifier.say_in_fallback(run, text, key="unheard")

    async def give_up_revision(
        self,
        run: Run,
        history: History,
        why: str,
        change: ChangeSet | None = None,
        *,
        worked_on: bool = True,
    ) -> Run:
        """Give up a revision and return to the state before it, which can still be shipped.

        `change` is what the revision has produced. Its instructions are not tried again. The run is
        queued unless a worker is working on it (`worked_on`).
        """
        revising = history.revising
        if revising is None:
            raise AssertionError("there is no revision to give up")
        instruction_count = max(
            revising.instruction_count, change.instruction_count if change else 0
        )
        # Later rounds must not be told to do what was given up.
        known = revising.change_set
        given_up = range(known.instruction_count, instruction_count)
        before, verdict = (
            known.replace(
                instruction_count=instruction_count,
                abandoned=tuple(dict.fromkeys((*known.abandoned, *given_up))),
            ),
            revising.verdict,
        )
        records = (before, verdict, revising.replace(is_finished=True))
        is_proposed = history.proposal is not None and history.proposal.head == before.head
        what = f"The revision failed: {why}"
        if verdict.is_passing and not is_proposed:
            text = f"⚠️ {what} `{before.head[:7]}` holds without it, so I propose that."
            is_working = worked_on and run.status is Status.RUNNING
            save = self.transitions.advance if is_working else self.transitions.queue
            saved = await save(run, Edge.EARLIER_HEAD_HOLDS, *records)
            await self.notifier.say(saved, text, key=f"stands:{run.attempt}:{run.round}")
            return saved
        ending = (
            f"`{before.head[:7]}` is still proposed: say “ship it”, what else to change, or "
            "“reject”."
            if verdict.is_passing
            else f"The branch is at `{before.head[:7]}`, which does not pass the checks."
        )
        waiting = await self.transitions.wait(
            run, Edge.REVISION_GIVEN_UP, *records, reason=f"{what} {ending}"
        )
        await self.say_unshipped(waiting)
        return waiting

    async def wait_for_ship(
        self, run: Run, what: str, *records: Record, attachments: tuple[Attachment, ...] = ()
    ) -> Run:
        """Wait for another “ship it”, and say why the last one did not work."""
        reason = f"Not shipped: {what}"
        waiting = await self.transitions.wait(run, Edge.NOT_SHIPPED, *records, reason=reason)
        await self.say_unshipped(waiting, attachments)
        return waiting

    async def report_failed_merge_check(self, run: Run, tier: FullTier) -> Run:
        """Wait for another “ship it” after failed checks of the merge; attach their output."""
        failed = ", ".join(escape_line(check.description, 300) for check in tier.against)
        what = f"full checks fail ({failed}).{describe_unrelated_failures(tier)}"
        if tier.is_undecided:
            what = f"a check could not decide ({failed}). {UNDECIDED}"
        if tier.findings:
            what = describe_merge_findings(tier)
        return await self.wait_for_ship(
            run, what, tier, attachments=build_output_files(tier.checks)
        )

    async def say_unshipped(self, run: Run, attachments: tuple[Attachment, ...] = ()) -> None:
        """Say why a waiting run was not shipped or not revised. Can be repeated safely."""
        text = f"⚠️ {run.reason}"
        if run.waiting is Waiting.UNSHIPPED:
            text += "\nOnce that is fixed, say “ship it” again, or “reject”."
        buttons = await self._build_retry_buttons(run)
        key = f"unshipped:{run.version}"
        await self.notifier.say(run, text, key=key, attachments=attachments, buttons=buttons)

    async def _build_retry_buttons(self, run: Run) -> tuple[Button, ...]:
        """Return a “Check again” button if only an undecided check prevents the merge."""
        history = await self.store.get_history(run.id)
        tier, proposal = history.full_tier, history.proposal
        if run.waiting is not Waiting.UNSHIPPED or tier is None or proposal is None:
            return ()
        if not tier.is_undecided or tier.head != proposal.head or UNDECIDED not in run.reason:
            return ()
        arguments = (run.id, proposal.head)
        return (
            Button(label="Check again", action="recheck", arguments=arguments, style="success"),
        )

    async def say_round(self, run: Run, verdict: Verdict, text: str, *, key: str) -> None:
        """Say why a head does not hold, with the output of the failed checks."""
        await self.notifier.say(run, text, key=key, attachments=build_verdict_files(verdict))


def _explain(error: Exception, record_id: str) -> str:
    if isinstance(error, TheseusError):
        message = redact(str(error)).rstrip()
        return message if message.endswith((".", "!", "?", "”", "`")) else f"{message}."
    return (
        "an error inside Theseus itself, not in the change. My journal has it as "
        f"`{shorten_id(record_id)}`."
    )
