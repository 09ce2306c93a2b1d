"""`theseus new`: what something new begins with: a cog's or a skill's files, a bot's checkout."""

from pathlib import Path
from typing import Annotated

import typer

from bot.app.installed_source import UPSTREAM, InstalledSource, clone_source, find_installed_source
from bot.cli.new_cog import NewCog, write_cog
from bot.cli.new_skill import NewSkill, write_skill
from bot.cli.output import say
from bot.domain.errors import ConfigError
from bot.domain.skill import ROLES

new_cli = typer.Typer(help="Begin something new: a cog, a skill, a bot.", no_args_is_help=True)


@new_cli.command("cog")
def create_cog(
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
def create_skill(
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


@new_cli.command("bot")
def create_bot(
    folder: Annotated[Path, typer.Argument(help="Where the checkout is made; must be new.")],
    origin: Annotated[
        str | None,
        typer.Option("--from", help="The repository; else what this was installed from."),
    ] = None,
) -> None:
    """Clone the project as a bot of your own, which it may change.

    For example: theseus new bot my-bot
    """
    source = InstalledSource(url=origin) if origin else find_installed_source()
    if source is None:
        raise ConfigError(
            "new bot: nothing says where this program was installed from; name the repository: "
            "theseus new bot DIR --from https://github.com/OWNER/theseus.git"
        )
    clone_source(source, folder.absolute())
    say(
        f"Made {folder}: on the branch main, with {source.display_url} as the remote {UPSTREAM}.\n"
        f"Next: cd {folder}, give it a repository of your own (git remote add origin ...), then\n"
        "      make install && .venv/bin/theseus setup    (docs/going-live.md)"
    )
