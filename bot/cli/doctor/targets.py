"""Checks each target: its checkout, Python, packages, journal, start, and secrets in its source."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from theseus_guard.completion import run_in_thread
from theseus_observe.settings import FOLDER

from bot.domain.errors import TheseusError
from bot.domain.finding import DoctorFinding, report_bad, report_good, report_note
from bot.domain.target import Target
from bot.settings import Settings
from bot.targets.checkout import TargetCheckout, has_branch, locate_target, read_checkout
from bot.targets.environment_check import find_environment_problem, try_resolution
from bot.targets.inspection import Inspection, inspect_repository
from bot.targets.interpreter import check_interpreter

_MAX_LISTED = 5
_OWN_MODULES = frozenset({"bot", "cogs"})
_OBSERVE = "the line that `theseus adopt` prints"


async def look_at_targets(
    settings: Settings, *, report: Callable[[str], None] | None
) -> list[DoctorFinding]:
    """Check every target, and whether two of them have the same command.

    With `report`, which receives progress, packages are resolved too; that takes the network.
    """
    findings: list[DoctorFinding] = []
    commands: dict[str, frozenset[str]] = {}
    for target in settings.config.targets:
        if report is not None:
            report(f"     checking the target {target.name}")
        found = await run_in_thread(
            check_target, target, settings.root, settings.state, resolves=report is not None
        )
        findings += found.findings
        if found.inspection is not None:
            commands[target.name] = list_top_commands(found.inspection)
    if commands:
        own = settings.config.own_target
        commands[own.name] = await run_in_thread(_list_own_commands, own, settings.root)
    return [*findings, *_report_shared_commands(commands)]


class TargetCheck:
    """The findings about one target, and its inspection if its files could be read."""

    def __init__(self, findings: list[DoctorFinding], inspection: Inspection | None) -> None:
        self.findings = findings
        self.inspection = inspection


def check_target(target: Target, root: Path, state: Path, *, resolves: bool = False) -> TargetCheck:
    """Check one target. Blocking. With `resolves`, also choose versions of its packages."""
    name = f"target {target.name}"
    folder = locate_target(target, root, state)
    try:
        checkout = read_checkout(folder)
    except TheseusError as error:
        return TargetCheck([report_bad(name, str(error), _explain_missing(target))], None)
    inspection = inspect_repository(checkout)
    findings = [
        *_check_checkout(name, target, checkout),
        *_check_start(name, target, checkout),
        *_check_python(name, target, inspection),
        *_check_packages(name, target, folder, resolves=resolves),
        *_check_journal(name, target, folder),
        *_check_secrets(name, inspection),
    ]
    return TargetCheck(findings, inspection)


def _explain_missing(target: Target) -> str:
    if target.is_remote:
        return f"Clone it: theseus adopt {target.repository} --name {target.name} --dry-run"
    return "Correct repository in the target's entry."


def _check_checkout(name: str, target: Target, checkout: TargetCheckout) -> Iterator[DoctorFinding]:
    if not has_branch(checkout.folder, target.branch):
        message = f"{checkout.folder} has no branch {target.branch}"
        yield report_bad(name, message, "Correct branch in the target's entry.")
    elif checkout.problem:
        remedy = (
            "Commit or stash them; no change is merged into a checkout with changes of its own."
        )
        yield report_bad(name, f"{checkout.folder} has {checkout.problem}", remedy)
    else:
        yield report_good(name, f"{checkout.folder} is clean at {checkout.head[:10]}")


def _check_start(name: str, target: Target, checkout: TargetCheckout) -> Iterator[DoctorFinding]:
    start = target.start
    known = frozenset(checkout.files)
    module = (start.module or (start.factory or "").partition(":")[0]).replace(".", "/")
    candidates = [start.file] if start.file else [f"{module}.py", f"{module}/__main__.py"]
    candidates += [] if start.file else [f"{module}/__init__.py"]
    prefix = "" if start.folder == "." else f"{start.folder}/"
    if any(f"{prefix}{each}" in known for each in candidates) or start.module == "redbot":
        yield report_good(f"{name}: start", start.summary)
    else:
        message = f"{start.summary}: git tracks no {prefix}{candidates[0]} there"
        yield report_bad(f"{name}: start", message, "Correct start in the target's entry.")


def _check_python(name: str, target: Target, found: Inspection) -> Iterator[DoctorFinding]:
    python = target.environment.python
    remedy = "Install that Python, or set environment.python to the path of another one."
    hidden = sorted(_OWN_MODULES & set(found.project.shared_names))
    if python is None and hidden:
        names = " and ".join(hidden)
        message = f"it would run with the Python of Theseus, whose {names} hide those of the bot"
        yield report_bad(f"{name}: python", message, remedy)
        return
    if python is None:
        yield report_note(f"{name}: python", "runs with the Python of Theseus", remedy)
        return
    checked = check_interpreter(python)
    if checked is None:
        yield report_bad(f"{name}: python", f"{python} is not there or does not start", remedy)
    elif not found.project.can_run_with(checked.version):
        needs = f"{found.project.python_source} asks for {found.project.python}"
        yield report_bad(f"{name}: python", f"{python} is {checked.version}, but {needs}", remedy)
    else:
        yield report_good(f"{name}: python", f"{checked.version} at {python}")


def _check_packages(
    name: str, target: Target, folder: Path, *, resolves: bool
) -> Iterator[DoctorFinding]:
    environment = target.environment
    label = f"{name}: packages"
    if environment.kind == "none":
        remedy = "Set environment.kind and environment.file if there is one."
        yield report_note(label, "no list of packages", remedy)
        return
    problem = find_environment_problem(folder, environment)
    if problem is not None:
        yield report_bad(label, problem.reason, problem.remedy)
        return
    listed = f"{environment.kind}, from {environment.file}"
    if not resolves or environment.python is None:
        yield report_good(label, listed)
        return
    reason = try_resolution(folder, environment, environment.python)
    if reason:
        remedy = "Correct the versions, or install the packages into environment.python yourself."
        yield report_bad(label, f"{listed}: {reason}", remedy)
    else:
        yield report_good(label, f"{listed}; there are versions that fit together")


def _check_journal(name: str, target: Target, folder: Path) -> Iterator[DoctorFinding]:
    label = f"{name}: journal"
    if target.log.folder is None:
        remedy = f"Add {_OBSERVE}, and set log.folder to the folder that it writes."
        yield report_note(label, "not set: failures of this bot are not seen", remedy)
        return
    journal = folder / Path(target.log.folder).expanduser()
    if not journal.is_dir():
        remedy = f"Start the bot once with theseus_observe ({_OBSERVE}), or correct log.folder."
        is_new = target.log.folder == FOLDER  # as `theseus adopt` writes it, before the first start
        report = report_note if is_new else report_bad
        yield report(label, f"there is no folder {journal}", remedy)
    elif not os.access(journal, os.R_OK | os.X_OK):
        remedy = f"Let this account read it: chmod -R g+rX {journal}"
        yield report_bad(label, f"{journal} cannot be read by this account", remedy)
    else:
        yield report_good(label, f"{len(list(journal.glob('*.ndjson')))} files in {journal}")


def _check_secrets(name: str, found: Inspection) -> Iterator[DoctorFinding]:
    for each in found.leaks[:_MAX_LISTED]:
        remedy = "Reset it where it was issued, and read the new one from .env, which git ignores."
        message = f"a token is in {each.path}, line {each.line}: {each.text}"
        yield report_bad(f"{name}: secrets", message, remedy)


def list_top_commands(found: Inspection) -> frozenset[str]:
    """Return the names that people type first, such as `tag` for `tag create`."""
    return frozenset(each.name.split()[0] for each in found.commands if each.name not in ("", "?"))


def _list_own_commands(own: Target, root: Path) -> frozenset[str]:
    """Return the commands of this bot's own extensions; its other code has none."""
    try:
        checkout = read_checkout(root)
    except TheseusError:
        return frozenset()  # `look_at_git` reports it
    folders = tuple(each.removesuffix(".*").replace(".", "/") for each in own.extensions)
    files = tuple(path for path in checkout.files if path.startswith(folders))
    return list_top_commands(inspect_repository(checkout.replace(files=files)))


def _report_shared_commands(commands: dict[str, frozenset[str]]) -> Iterator[DoctorFinding]:
    """Report the commands that several bots have, once for each group of bots."""
    owners: dict[str, list[str]] = defaultdict(list)
    for target in sorted(commands):
        for command in commands[target]:
            owners[command].append(target)
    shared: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for command, targets in sorted(owners.items()):
        if len(targets) > 1:
            shared[tuple(targets)].append(command)
    for several, names in sorted(shared.items()):
        more = f" and {len(names) - _MAX_LISTED} more" if len(names) > _MAX_LISTED else ""
        message = f"{', '.join(several)} all have: {', '.join(names[:_MAX_LISTED])}{more}"
        remedy = "A report about one of these has to name the bot."
        yield report_note("targets: same commands", message, remedy)
