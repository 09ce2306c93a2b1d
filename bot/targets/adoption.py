"""Examines a repository that may become a target, and says why it cannot."""

import os
from pathlib import Path

from packaging.specifiers import SpecifierSet
from theseus_guard.record import Record
from theseus_observe.settings import FOLDER

from bot.domain.errors import ConfigError
from bot.domain.target import Target
from bot.targets.checkout import TargetCheckout, is_ignored, read_checkout, show_name
from bot.targets.inspection import Inspection, inspect_repository
from bot.targets.interpreter import Interpreter, check_interpreter, find_interpreter
from bot.targets.proposal import build_target

_MAX_LISTED = 5


class Candidate(Record):
    """An examined repository. `problem` is why it cannot be a target; empty if it can.

    `gitignore` is the line that its `.gitignore` lacks, so that its journal is not committed.
    """

    checkout: TargetCheckout
    inspection: Inspection
    interpreter: Interpreter | None
    target: Target
    problem: str
    gitignore: str = ""


def examine_repository(
    repository: str, folder: Path, name: str, *, start_file: str | None, python: str | None
) -> Candidate:
    """Examine the checkout in `folder`, which `repository` names. Blocking.

    Raises `ConfigError` if there is nothing to examine: no folder, no git, no such file.
    """
    checkout = read_checkout(folder)
    if start_file is not None:
        start_file = os.path.relpath(folder / start_file, folder)  # `./bot.py` is `bot.py`
        if start_file not in checkout.files:
            raise ConfigError(f"--start: git tracks no file {show_name(start_file)} in {folder}.")
    found = inspect_repository(checkout, start_file=start_file)
    if python is not None:
        interpreter = check_interpreter(python)
        if interpreter is None:
            raise ConfigError(f"--python: {python} is not there or does not start.")
    else:
        required = SpecifierSet(found.project.python)
        interpreter = find_interpreter(folder, required, tracked=checkout.files)
    target = build_target(name, repository, checkout, found, interpreter)
    return Candidate(
        checkout=checkout,
        inspection=found,
        interpreter=interpreter,
        target=target,
        problem=_find_problem(checkout, found, interpreter),
        gitignore="" if is_ignored(folder, f"{FOLDER}/a") else f"{FOLDER}/",
    )


def _find_problem(
    checkout: TargetCheckout, found: Inspection, interpreter: Interpreter | None
) -> str:
    """Return the first reason why the repository cannot be a target, with the way out."""
    folder, project = checkout.folder, found.project
    if checkout.problem:
        return f"{folder} has {checkout.problem}. Commit or stash them, then run this again."
    if checkout.branch is None:
        return f"{folder} is on no branch. Check out the branch that the bot runs from."
    if found.kind is None:
        return _explain_missing_bot(folder, found)
    if found.leaks:
        places = ", ".join(f"{each.path} line {each.line}" for each in found.leaks[:_MAX_LISTED])
        return (
            f"A token is in the source, in {places}. Anyone who can read the repository can use "
            "it. Reset it where it was issued, read the new one from .env, and commit that."
        )
    if interpreter is None:
        return (
            f"{project.python_source} asks for Python {project.python}, and this machine has none. "
            "Install one, or name one: --python PATH"
        )
    if not project.can_run_with(interpreter.version):
        return (
            f"{project.python_source} asks for Python {project.python}, and "
            f"{interpreter.python} is {interpreter.version}. Name another one: --python PATH"
        )
    return ""


def _explain_missing_bot(folder: Path, found: Inspection) -> str:
    message = f"There is no discord.py bot in {folder}: no file creates a Client or a Bot"
    if found.other_libraries:
        return f"{message} of discord.py. It uses {', '.join(found.other_libraries)}."
    if found.counts.total:
        return (
            f"{message}, although there are {found.counts.total} commands. If another program "
            "loads them, adopt the repository of that program."
        )
    if found.unreadable:
        path, reason = next(iter(found.unreadable.items()))
        return f"{message}, but {path} cannot be read ({reason}). Correct it, then try again."
    return f"{message}. Name the folder that contains it."
