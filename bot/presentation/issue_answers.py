"""The one comment on an issue at the forge, for people who may see nothing else of the bot."""

from bot.domain.history import History
from bot.domain.run import Run, Status
from bot.presentation.markdown import escape_line, escape_text

NOT_UNDERSTOOD = (
    "I accept issues whose title asks me to investigate, fix or change something: “/roll 0d6 "
    "crashes, fix it”. Decisions are made in Discord."
)
MAX_CHARACTERS = 1_500


def describe_outcome(run: Run, history: History) -> str:
    """Return a run's result as Markdown that mentions nobody and closes no issue."""
    proposal, shipment, diagnosis = history.proposal, history.shipment, history.diagnosis
    if shipment is not None and proposal is not None:
        return f"Done with #{proposal.number}, {escape_line(shipment.summary)}."
    if run.status is Status.REJECTED and proposal is not None:
        return f"My proposal #{proposal.number} was rejected."
    if run.status is Status.DONE and diagnosis is not None and diagnosis.found:
        return escape_text(f"{diagnosis.headline}\n\n{diagnosis.cause}", MAX_CHARACTERS)
    ended = {Status.CANCELLED: "It was cancelled.", Status.DONE: "I found nothing to do."}
    return escape_text(run.reason, MAX_CHARACTERS) or ended.get(
        run.status, "It ended without a result."
    )
