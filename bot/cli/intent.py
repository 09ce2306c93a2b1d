"""`theseus intent`: shows how the grammar parses a message."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from bot.cli.output import JsonAnyway, print_json
from bot.domain.errors import ConfigError
from bot.domain.live_items import ItemName
from bot.grammar import COMMAND_LINE, describe
from bot.hot_reload.catalog import Catalog
from bot.listener.second_opinion import understand


class ReplyTo(StrEnum):
    """The message that a message replies to."""

    ERROR = "error"
    PROPOSAL = "proposal"


def intent(
    text: Annotated[list[str], typer.Argument(help="The message, with or without quotes.")],
    in_thread: Annotated[
        bool, typer.Option("--in-thread", help="Parse it as a message in the thread of a run.")
    ] = False,
    reply_to: Annotated[ReplyTo | None, typer.Option(help="Parse it as a reply to this.")] = None,
    as_json: JsonAnyway = False,
) -> None:
    """Show how the grammar parses a message, as JSON.

    The message is parsed as if a developer sent it to the bot in the dev channel. The cogs, prompts
    and settings of the current folder are the ones that can be rolled back.

    Example: theseus intent "ship it" --reply-to proposal
    """
    sentence = " ".join(text)
    if not sentence.strip():
        raise ConfigError('intent: the message is empty. Example: theseus intent "fix the dice".')
    answered: Literal["error", "proposal"] | None = reply_to.value if reply_to else None
    here = Path.cwd()
    found = Catalog(here, here / "data" / "config.yaml").locate()
    items = tuple(ItemName(kind=kind, name=name) for kind, name in found)
    setting = COMMAND_LINE.replace(in_thread=in_thread, reply_to=answered, items=items)
    print_json(describe(understand(sentence, setting)))
