"""`theseus completion`: what makes a shell complete commands, options and ids at Tab."""

import sys
from enum import StrEnum
from typing import Annotated

import typer
from typer.completion import get_completion_script  # type: ignore[attr-defined]


class Shell(StrEnum):
    """Shells there is a script for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(
    shell: Annotated[Shell, typer.Argument(help="The shell it is for.")],
) -> None:
    """Print a script that makes a shell complete commands, options and ids.

    In bash and zsh: eval "$(theseus completion bash)", in fish: theseus completion fish | source.

    For example: theseus completion zsh
    """
    script = get_completion_script(
        prog_name="theseus", complete_var="_THESEUS_COMPLETE", shell=shell.value
    )
    sys.stdout.write(f"{script}\n")
