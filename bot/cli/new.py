"""`theseus new`: creates the files of a cog or a skill, or the checkout of a bot."""

from pathlib import Path
from typing import Annotated

import typer

from bot.app.installed_source import UPSTREAM, InstalledSource, clone_source, find_installed_source
from bot.cli.new_cog import NewCog, write_cog
from bot.cli.new_skill import NewSkill, write_skill
from bot.cli.output import say
from bot.domain.errors import ConfigError
from bot.domain.skill import ROLES

new_cli = typer.Typer(help="Create a cog, a skill or a bot.", no_args_is_help=True)


@new_cli.command("cog")
def create_cog(
    name: Annotated[
        str, typer.Argument(help="The name of its file and command: lowercase letters, digits, _.")
    ],
    does: Annotated[
        str, typer.Option(help="The description of the command in Discord, in a few words.")
    ] = "Count the words of a text",
) -> None:
    """Create a cog with a command, its test, and its line in the table of everyday commands.

    Example: theseus new cog shout --does "Say it louder"
    """
    cog = NewCog(name, does)
    for path in write_cog(cog, Path.cwd()):
        say(f"wrote {path}")
    say(
        f"Next: .venv/bin/pytest {cog.test_path}\n"
        f"Then try /{cog.name} in `make demo ARGS='--fault none'`, which also loads uncommitted "
        "cogs. See docs/writing-a-cog.md."
    )


@new_cli.command("skill")
def create_skill(
    name: Annotated[
        str, typer.Argument(help="The name of its folder: lowercase letters, digits, hyphens.")
    ],
    does: Annotated[
        str,
        typer.Option(
            help="What the skill is for and when to use it. Models choose a skill by this text."
        ),
    ] = "How this is done here. Use when it is to be done.",
    roles: Annotated[
        str, typer.Option(help="The model roles that see the skill, separated by spaces.")
    ] = " ".join(ROLES),
) -> None:
    """Create the file of a skill, which tells models how a kind of work is done here.

    Example: theseus new skill answering-about-releases --roles chat
    """
    path = write_skill(NewSkill(name, does, tuple(roles.split())), Path.cwd())
    say(f"wrote {path}\nNext: fill it in. docs/skills.md explains what makes a good skill.")


@new_cli.command("bot")
def create_bot(
    folder: Annotated[
        Path, typer.Argument(help="The folder of the new checkout; it must not exist.")
    ],
    origin: Annotated[
        str | None,
        typer.Option(
            "--from", help="The repository to clone. Default: where theseus was installed from."
        ),
    ] = None,
) -> None:
    """Clone the project into a folder, as a bot that can change its own code.

    Example: theseus new bot my-bot
    """
    source = InstalledSource(url=origin) if origin else find_installed_source()
    if source is None:
        raise ConfigError(
            "new bot: it is unknown where this program was installed from. Name the repository: "
            "theseus new bot DIR --from https://github.com/OWNER/theseus.git"
        )
    clone_source(source, folder.absolute())
    say(
        f"Created {folder}: branch main, with {source.display_url} as the remote {UPSTREAM}.\n"
        f"Next: cd {folder}, add your own repository (git remote add origin ...), then\n"
        "      make install && .venv/bin/theseus setup    (docs/going-live.md)"
    )
