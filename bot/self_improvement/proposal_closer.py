"""Closing the proposal of a run that ends, as far as the forge lets us."""

from bot.domain.errors import ForgeError, ForgeRejected
from bot.domain.history import History
from bot.domain.links import format_link
from bot.domain.proposal import ForgeProposal
from bot.domain.run import Run, Stage
from bot.ports.forge import Forge

_MAY_BE_PROPOSED = (Stage.PROPOSE, Stage.SHIP)


async def close_proposal(
    forge: Forge, run: Run, history: History, why: str
) -> ForgeProposal | None:
    """Close the run's proposal if it has an open one; return it as it stands now.

    One that is merged stays merged. Raises `ForgeError`.
    """
    if history.proposal is None and run.stage not in _MAY_BE_PROPOSED:
        return None
    opened = await forge.find(run.id)
    if opened is None or opened.state != "open":
        return opened
    try:
        return await forge.close(opened.number, why)
    except ForgeRejected:  # merged in the meantime, or refused for good: look again
        return await forge.get_proposal(opened.number)


async def try_close_proposal(forge: Forge, run: Run, history: History, why: str) -> str:
    """Close the run's proposal as far as possible; return what people should know of it."""
    try:
        return describe_closing(await close_proposal(forge, run, history, why))
    except ForgeError as error:
        return f" Its pull request could not be closed: {error}"


def describe_closing(opened: ForgeProposal | None) -> str:
    """Return what to add about a proposal that was withdrawn; nothing if it is closed now."""
    if opened is None or opened.state == "closed":
        return ""
    if opened.state == "merged":
        return f" {format_link(f'#{opened.number}', opened.url)} is merged already, though."
    return f" {format_link(f'#{opened.number}', opened.url)} is still open at the forge."
