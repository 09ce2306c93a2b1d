"""`theseus new`: the files that something new begins with."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.new_cog import NewCog, write_cog
from bot.cli.output import say

new_cli = typer.Typer(help="Begin something new: a cog.", no_args_is_help=True)


@new_cli.callback()
def _nothing_of_its_own() -> None:
    """Keep `cog` a word of its own, which typer would leave out of a group of one."""


@new_cli.command("cog")
def new_cog(
    name: Annotated[
        str, typer.Argument(help="Its file and its command: small letters, digits, _.")
    ],
    does: Annotated[
        str, typer.Option(help="What Discord shows beside the command, in a few words.")
    ] = "Count the words of a text",
) -> None:
    """Write a cog with a command, its test, and its line in the table of everyday commands.

    For example: theseus new cog shout --does "Say it louder"
    """
    cog = NewCog(name, does)
    for path in write_cog(cog, Path.cwd()):
        say(f"wrote {path}")
    say(
        f"Now: .venv/bin/pytest {cog.test_path}\n"
        f"Try /{cog.name} in `make demo ARGS='--fault none'`, which takes it along as it is; "
        "docs/writing-a-cog.md says the rest."
    )
