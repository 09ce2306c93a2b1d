"""`theseus adopt`: makes a target of somebody's discord.py bot."""

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from theseus_guard.terminal import JsonOption

from bot.cli.adoption_report import render_attachment, render_report
from bot.cli.doctor.targets import check_target
from bot.cli.output import print_json, say
from bot.cli.setup.files import Edit, mode_of, read, write
from bot.cli.setup.yaml_file import append_item
from bot.domain.errors import ConfigError
from bot.domain.finding import DoctorFinding
from bot.domain.target import OWN_TARGET, check_name, is_repository_url
from bot.settings import Settings, load_settings, parse_config
from bot.targets.adoption import Candidate, examine_repository
from bot.targets.checkout import clone
from bot.targets.proposal import format_entry, propose_name

_COMMENT = "By `theseus adopt`. Also: people, budget, channel_id, deployment (docs/targets.md)."


def adopt(
    repository: Annotated[
        str, typer.Argument(help="The bot's repository: a folder, or a URL to clone.")
    ],
    name: Annotated[
        str, typer.Option(help="The target's name; by default the last part of its path.")
    ] = "",
    start: Annotated[
        str | None, typer.Option(help="The file that starts the bot, if there are several bots.")
    ] = None,
    python: Annotated[
        str | None, typer.Option(help="The Python that runs the bot, by path or name.")
    ] = None,
    writes: Annotated[
        bool, typer.Option("--write/--dry-run", help="Write the entry, or only report.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Look at a discord.py bot without running it, and add it to the targets of this bot.

    It prints what it found, what it could not find, the line to add to the bot, and a check-up.
    The entry goes into data/config.yaml. Exit code 1: the check-up found a problem. Exit code 2:
    the repository cannot be a target, and nothing is written.

    Example: theseus adopt ~/welcome-bot --dry-run
    """
    settings = load_settings()
    name = name or propose_name(
        repository if is_repository_url(repository) else _resolve(repository)
    )
    _require_new_name(settings, name)
    with ExitStack() as stack:
        folder = _find_folder(settings, repository, name, stack, writes=writes)
        source = repository if is_repository_url(repository) else str(folder)
        candidate = examine_repository(source, folder, name, start_file=start, python=python)
        findings = []
        if not candidate.problem:
            target = candidate.target.replace(repository=str(folder))
            findings = check_target(target, settings.root, settings.state).findings
        _print(candidate, findings, as_json=as_json)
        if candidate.problem:
            raise ConfigError(candidate.problem)
        if writes:
            _write_entry(settings, candidate, quiet=as_json)
    if any(each.status == "bad" for each in findings):
        raise typer.Exit(1)


def _resolve(repository: str) -> str:
    return str(Path(repository).expanduser().resolve())


def _require_new_name(settings: Settings, name: str) -> None:
    try:
        check_name(name)
    except ValueError as error:
        raise ConfigError(f"--name: {name!r} cannot be a name; {error}.") from error
    if name == OWN_TARGET:
        raise ConfigError(f"--name: {name} is this bot itself. Choose another name.")
    if any(each.name == name for each in settings.config.targets):
        raise ConfigError(
            f"{settings.config_file} already has a target {name}. Use --name for another one, or "
            "remove that entry first."
        )


def _find_folder(
    settings: Settings, repository: str, name: str, stack: ExitStack, *, writes: bool
) -> Path:
    """Return the checkout to look at; a URL is cloned, for a dry run into a temporary folder."""
    if not is_repository_url(repository):
        return Path(_resolve(repository))
    if not writes:
        temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix="theseus-"))
        folder = Path(temporary) / name
    else:
        folder = settings.state / "targets" / name
    if not folder.exists():
        clone(repository, folder)
    return folder


def _print(candidate: Candidate, findings: list[DoctorFinding], *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "name": candidate.target.name,
                "problem": candidate.problem,
                "found": candidate.inspection.model_dump(mode="json"),
                "entry": format_entry(candidate.target),
                "gitignore": candidate.gitignore,
                "doctor": [each.model_dump() for each in findings],
            }
        )
        return
    for line in render_report(candidate):
        say(line)
    if candidate.problem:
        return
    for line in render_attachment(candidate):
        say(line)
    for finding in findings:
        say(finding.line)


def _write_entry(settings: Settings, candidate: Candidate, *, quiet: bool) -> None:
    """Add the entry to the configuration file, which is checked before it is written."""
    file = settings.config_file
    before = read(file) or ""
    after = append_item(before, "targets", format_entry(candidate.target), _COMMENT, str(file))
    parse_config(after, str(file))
    edit = Edit(file, before, after, mode_of(file, 0o644))
    write([edit], settings.state / "backups", command="theseus adopt")
    if not quiet:
        say(f"Written to {file} as the target {candidate.target.name}. Restart Theseus to use it.")
