"""`theseus new`: the files that something new begins with."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.new_cog import NewCog, write_cog
from bot.cli.new_skill import NewSkill, write_skill
from bot.cli.output import say
from bot.domain.skill import ROLES

new_cli = typer.Typer(help="Begin something new: a cog, a skill.", no_args_is_help=True)


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


@new_cli.command("skill")
def new_skill(
    name: Annotated[
        str, typer.Argument(help="Its folder: small letters, digits, hyphens between them.")
    ],
    does: Annotated[
        str, typer.Option(help="What it is for and when to use it: models choose by this alone.")
    ] = "How this is done here. Use when it is to be done.",
    roles: Annotated[
        str, typer.Option(help="Which parts of a model are told of it, with spaces between.")
    ] = " ".join(ROLES),
) -> None:
    """Write a skill's file, to be filled in: how some kind of work is done here, for models.

    For example: theseus new skill answering-about-releases --roles chat
    """
    path = write_skill(NewSkill(name, does, tuple(roles.split())), Path.cwd())
    say(f"wrote {path}\nNow fill it in; docs/skills.md says what makes a good one.")
