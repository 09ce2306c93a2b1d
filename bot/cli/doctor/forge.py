"""Checks the forge, and the git remote that points to it."""

from bot.adapters.forges.registry import get_forge_type
from bot.adapters.system_clock import SystemClock
from bot.domain.errors import TheseusError
from bot.domain.finding import DoctorFinding, report_bad, report_good
from bot.infra.git_remotes import find_remote, get_current_branch, reach
from bot.settings import Settings


async def look_at_forge(settings: Settings) -> list[DoctorFinding]:
    """Check whether the forge is ready and the checkout can pull from it. Creates nothing."""
    kind, clock = get_forge_type(settings), SystemClock()
    findings = await kind.examine(settings, clock)
    if not kind.is_created(settings):
        return [*findings, await _check_remote(settings)]
    try:
        async with await kind.open(settings, clock) as forge:
            ready = report_good("forge", await forge.check_connection())
    except (TheseusError, OSError) as error:
        return [*findings, report_bad("forge", str(error), f"See forge in {settings.config_file}.")]
    return [*findings, ready, await _check_remote(settings)]


async def _check_remote(settings: Settings) -> DoctorFinding:
    """Check whether merged changes would reach the running checkout."""
    kind, forge, root = get_forge_type(settings), settings.config.forge, settings.root
    name, branch = forge.remote, forge.branch
    remote = await find_remote(root, name)
    problem = kind.examine_remote(settings, remote)
    if problem is not None:
        return problem
    if remote is None:
        remedy = f"git -C {root} remote add {name} <the repository's address>"
        return report_bad("forge remote", f"there is no git remote {name}", remedy)
    current = await get_current_branch(root)
    if current != branch:
        remedy = f"git -C {root} switch {branch}, or set forge.branch in {settings.config_file}."
        return report_bad("forge remote", f"the checkout is on {current}, not on {branch}", remedy)
    # With the forge's credentials, reaching the remote by its own proves nothing. A forge to be
    # created cannot be reached yet.
    uses_credentials = kind.has_credentials and remote.repository is not None
    if not uses_credentials and kind.is_created(settings):
        try:
            await reach(root, name, branch)
        except TheseusError as error:
            remedy = f"Make `git -C {root} ls-remote {name}` work for the bot's account."
            return report_bad("forge remote", str(error), remedy)
    return report_good("forge remote", f"{name} points to {remote.display_url}, {branch}")
