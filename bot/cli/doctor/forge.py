"""Checks the forge, and the git remote that points to it."""

from pathlib import Path

from bot.adapters.system_clock import SystemClock
from bot.app.forges import get_local_forge_folder, open_forge, should_create_forge
from bot.app.git_remotes import Remote, find_remote, get_current_branch, reach
from bot.cli.doctor.finding import DoctorFinding, report_bad, report_good, report_note
from bot.domain.errors import TheseusError
from bot.settings import Settings


async def look_at_forge(settings: Settings) -> list[DoctorFinding]:
    """Check whether the forge is ready and the checkout can pull from it. Creates nothing."""
    if should_create_forge(settings):
        message = f"local, created at the first start: {get_local_forge_folder(settings)}"
        return [report_note("forge", message), await _check_remote(settings)]
    try:
        async with await open_forge(settings, SystemClock()) as forge:
            ready = report_good("forge", await forge.check_connection())
    except (TheseusError, OSError) as error:
        return [report_bad("forge", str(error), f"See forge in {settings.config_file}.")]
    return [ready, await _check_remote(settings)]


async def _check_remote(settings: Settings) -> DoctorFinding:
    """Check whether merged changes would reach the running checkout."""
    forge, root = settings.config.forge, settings.root
    name, branch = forge.remote, forge.branch
    remote = await find_remote(root, name)
    if forge.kind == "local":
        folder = get_local_forge_folder(settings)
        if remote is None or not _is_remote_of(root, remote, folder):
            there = "there is no git remote" if remote is None else "the git remote"
            elsewhere = "" if remote is None else f" points to {remote.display_url}"
            remedy = (
                f"git -C {root} remote add theseus {folder}, and forge.remote: theseus in "
                f"{settings.config_file}; or run `theseus setup`."
            )
            message = f"{there} {name}{elsewhere}: merges in the local forge would not arrive here"
            return report_bad("forge remote", message, remedy)
    elif remote is None:
        remedy = f"git -C {root} remote add {name} <the repository's address>"
        return report_bad("forge remote", f"there is no git remote {name}", remedy)
    current = await get_current_branch(root)
    if current != branch:
        remedy = f"git -C {root} switch {branch}, or set forge.branch in {settings.config_file}."
        return report_bad("forge remote", f"the checkout is on {current}, not on {branch}", remedy)
    uses_api = forge.kind == "github" and remote is not None and remote.repository is not None
    if uses_api or should_create_forge(settings):
        # The bot fetches from GitHub with the forge's credentials, not with those of the remote, so
        # reaching the remote proves nothing. A forge to be created cannot be reached yet.
        return report_good(
            "forge remote", f"{name} points to {remote.display_url if remote else ''}, {branch}"
        )
    try:
        await reach(root, name, branch)
    except TheseusError as error:
        remedy = f"Make `git -C {root} ls-remote {name}` work for the bot's account."
        return report_bad("forge remote", str(error), remedy)
    return report_good(
        "forge remote", f"{name} points to {remote.display_url if remote else ''}, {branch}"
    )


def _is_remote_of(root: Path, remote: Remote, folder: Path) -> bool:
    return remote.folder is not None and (root / remote.folder).resolve() == folder.resolve()
