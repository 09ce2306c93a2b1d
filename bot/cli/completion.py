"""`theseus completion`: prints the script for tab completion in a shell."""

import sys
from enum import StrEnum
from typing import Annotated

import typer
from typer.completion import get_completion_script  # type: ignore[attr-defined]


class Shell(StrEnum):
    """The shells that have a completion script."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    shell: Annotated[Shell, typer.Argument(help="The shell.")],
) -> None:
    """Print the completion script of a shell, for commands, options and ids.

    In bash: eval "$(theseus completion bash)", likewise in zsh. In fish: theseus completion fish |
    source.

    Example: theseus completion zsh
    """
    script = get_completion_script(
        prog_name="theseus", complete_var="_THESEUS_COMPLETE", shell=shell.value
    )
    sys.stdout.write(f"{script}\n")
