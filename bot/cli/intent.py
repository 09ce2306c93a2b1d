"""`theseus intent`: the grammar alone."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from bot.cli.output import JsonAnyway, print_json
from bot.domain.errors import ConfigError
from bot.domain.live_items import ItemName
from bot.grammar import COMMAND_LINE, describe, parse
from bot.hot_reload.catalog import Catalog


class ReplyTo(StrEnum):
    """What a message replies to."""

    ERROR = "error"
    PROPOSAL = "proposal"


def intent(
    text: Annotated[list[str], typer.Argument(help="What somebody says, in quotes or not.")],
    in_thread: Annotated[bool, typer.Option("--in-thread", help="Said in a run's thread.")] = False,
    reply_to: Annotated[ReplyTo | None, typer.Option(help="What it replies to.")] = None,
    as_json: JsonAnyway = False,
) -> None:
    """Show what the grammar makes of a sentence, as JSON.

    It is read as if a person on the list said it to the bot in the dev channel. What can be rolled
    back is what lies in the present folder.

    For example: theseus intent "ship it" --reply-to proposal
    """
    sentence = " ".join(text)
    if not sentence.strip():
        raise ConfigError('intent: there is no sentence; give one: theseus intent "fix the dice".')
    answered: Literal["error", "proposal"] | None = reply_to.value if reply_to else None
    here = Path.cwd()
    found = Catalog(here, here / "data" / "config.yaml").locate()
    items = tuple(ItemName(kind=kind, name=name) for kind, name in found)
    setting = COMMAND_LINE.replace(in_thread=in_thread, reply_to=answered, items=items)
    print_json(describe(parse(sentence, setting)))
