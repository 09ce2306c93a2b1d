"""The report of `theseus adopt` as lines for a terminal."""

from collections.abc import Iterator

from bot.targets.adoption import Candidate
from bot.targets.checkout import show_name
from bot.targets.inspection import CommandCounts, Inspection
from bot.targets.proposal import count_guards

_MAX_LISTED = 6
_KINDS = {
    "bot": "a discord.py bot", "client": "a discord.py client with its own commands",
    "red pack": "a pack of cogs for Red, without a bot of its own",
}  # fmt: skip
_COMMAND_KINDS = {
    "prefix": "prefix", "hybrid": "hybrid", "slash": "slash", "menu": "context menu",
    "own": "dispatched by the bot itself",
}  # fmt: skip


def render_report(candidate: Candidate) -> Iterator[str]:
    """Yield the lines about a repository: what was found, and what was not."""
    found = candidate.inspection
    kind = _KINDS[found.kind] if found.kind else "no discord.py bot"
    yield f"{candidate.checkout.folder}: {kind}"
    for label, text in _list_facts(candidate, found):
        if text:
            yield f"  {label}: {show_name(text)}"
    for each in found.tokens:
        where = " (a test or a document)" if each.is_aside else ""
        yield f"  a token is in {show_name(each.path)}, line {each.line}{where}: {each.text}"
    for point in found.open_points:
        yield f"  not found: {show_name(point)}"


def _list_facts(candidate: Candidate, found: Inspection) -> list[tuple[str, str]]:
    project, interpreter = found.project, candidate.interpreter
    requires = f"{project.python} ({project.python_source})" if project.python else "any"
    uses = f"; uses {interpreter.version} at {interpreter.python}" if interpreter else ""
    environment = f"{project.environment}, {project.environment_file}"
    paths, checks = candidate.target.paths, candidate.target.checks
    guards = count_guards(candidate.target, candidate.checkout.files)
    files = f"{guards['free']} free, {guards['named']} only if named, {guards['never']} never"
    return [
        ("bot", found.bot),
        ("other bots here", _format_other_bots(found)),
        ("start", candidate.target.start.summary if found.start else ""),
        ("prefix", found.prefix),
        ("commands", format_counts(found.counts)),
        ("other entry points", _format_handlers(found)),
        ("extensions", f"{_join(found.extensions)}" if found.extensions else "none"),
        ("loaded by", _join(found.loaded_by)),
        ("packages", environment if project.environment_file else ""),
        ("discord.py", project.library),
        ("python", requires + uses),
        ("databases", _join(project.databases)),
        ("configuration", _join(project.config_files)),
        ("environment variables", _join(project.variables)),
        ("migrations", _join(project.migrations)),
        (
            "own checks",
            _join(tuple(f"{name} ({where})" for name, where in project.tools.items())),
        ),
        ("checks that run", _join(tuple(each.name for each in checks.full) if checks else ())),
        ("free paths", _join(paths.free)),
        ("guarded paths", _join(paths.guarded)),
        ("files that runs may change", files),
        (
            "license",
            f"{project.license} ({project.license_file})" if project.license else "",
        ),
        ("module names that other bots have too", _join(project.shared_names)),
    ]


def _format_other_bots(found: Inspection) -> str:
    listed = _join(found.other_bots)
    return f"{listed}. Choose one with --start FILE" if listed else ""


def _join(items: tuple[str, ...]) -> str:
    more = len(items) - _MAX_LISTED
    return ", ".join(items[:_MAX_LISTED]) + (f" and {more} more" if more > 0 else "")


def format_counts(counts: CommandCounts) -> str:
    """Return the number of commands by kind, as in `12 (8 prefix, 4 slash; 2 groups)`."""
    kinds = [
        f"{number} {label}"
        for name, label in _COMMAND_KINDS.items()
        if (number := getattr(counts, name))
    ]
    groups = f"; {counts.groups} groups" if counts.groups else ""
    return f"{counts.total} ({', '.join(kinds)}{groups})" if kinds else "0"


def _format_handlers(found: Inspection) -> str:
    handlers = found.handlers
    counted = (
        (handlers.listeners, "listeners"), (handlers.loops, "loops"),
        (handlers.views, "views and forms"), (handlers.components, "buttons and selects"),
    )  # fmt: skip
    return ", ".join(f"{number} {label}" for number, label in counted if number)


def render_attachment(candidate: Candidate) -> Iterator[str]:
    """Yield what to add to the bot so that it is recorded, and where."""
    place = candidate.inspection.attachment
    if place is None:
        return
    yield f"Add this to {place.path} before line {place.line} ({place.where}):"
    yield from (f"    {line}" for line in place.lines)
    if candidate.gitignore:
        yield "Add this line to .gitignore, so that its journal is not committed:"
        yield f"    {candidate.gitignore}"
