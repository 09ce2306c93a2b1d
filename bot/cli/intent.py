"""`theseus intent`: the grammar alone."""

from enum import StrEnum
from typing import Annotated, Literal

import typer

from bot.cli.output import print_json
from bot.grammar import COMMAND_LINE, describe, parse


class ReplyTo(StrEnum):
    """What a message replies to."""

    ERROR = "error"
    PROPOSAL = "proposal"


def intent(
    text: Annotated[str, typer.Argument(help="What somebody says.")],
    in_thread: Annotated[bool, typer.Option("--in-thread", help="Said in a run's thread.")] = False,
    reply_to: Annotated[ReplyTo | None, typer.Option(help="What it replies to.")] = None,
) -> None:
    """Show what the grammar makes of a sentence, as JSON.

    It is read as if a person on the list said it to the bot, with a mention, in the dev channel.

    For example: theseus intent "ship it" --reply-to proposal
    """
    answered: Literal["error", "proposal"] | None = reply_to.value if reply_to else None
    setting = COMMAND_LINE.but(in_thread=in_thread, reply_to=answered)
    print_json(describe(parse(text, setting)))
