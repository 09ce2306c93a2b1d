"""Closes the proposal of a run that ends."""

from bot.domain.errors import ForgeError, ForgeRejected
from bot.domain.history import History
from bot.domain.links import format_link
from bot.domain.proposal import ForgeProposal
from bot.domain.run import Run, Stage
from bot.ports.targets import Targets

_MAY_BE_PROPOSED = (Stage.PROPOSE, Stage.SHIP)


async def close_proposal(
    targets: Targets, run: Run, history: History, why: str
) -> ForgeProposal | None:
    """Close the run's proposal if it is open; return its current state at the forge.

    A merged proposal stays merged. Raises `ForgeError`.
    """
    if history.proposal is None and run.stage not in _MAY_BE_PROPOSED:
        return None
    forge = targets.get(run.trigger.target).forge
    opened = await forge.find(run.id)
    if opened is None or opened.state != "open":
        return opened
    try:
        return await forge.close(opened.number, why)
    except ForgeRejected:  # it was merged in the meantime, or the forge refuses: read the state
        return await forge.get_proposal(opened.number)


async def try_close_proposal(targets: Targets, run: Run, history: History, why: str) -> str:
    """Close the run's proposal if possible; return a text for people about problems."""
    try:
        return describe_closing(await close_proposal(targets, run, history, why))
    except ForgeError as error:
        return f" Its pull request could not be closed: {error}"


def describe_closing(opened: ForgeProposal | None) -> str:
    """Return what to add about a proposal that could not be closed; empty if it is closed."""
    if opened is None or opened.state == "closed":
        return ""
    if opened.state == "merged":
        return f" {format_link(f'#{opened.number}', opened.url)} is already merged, though."
    return f" {format_link(f'#{opened.number}', opened.url)} is still open at the forge."
