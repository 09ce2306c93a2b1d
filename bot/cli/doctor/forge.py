"""The doctor's look at the forge, and at the remote that leads to it."""

from pathlib import Path

from bot.adapters.system_clock import SystemClock
from bot.app.forges import get_local_forge_folder, open_forge, should_create_forge
from bot.app.git_remotes import Remote, find_remote, get_current_branch, reach
from bot.cli.doctor.finding import DoctorFinding, report_bad, report_good, report_note
from bot.domain.errors import TheseusError
from bot.settings import Settings


async def look_at_forge(settings: Settings) -> list[DoctorFinding]:
    """Return whether the forge is ready and the checkout can follow it. Makes nothing."""
    if should_create_forge(settings):
        told = f"a local one, made at the first start: {get_local_forge_folder(settings)}"
        return [report_note("forge", told), await _check_remote(settings)]
    try:
        async with await open_forge(settings, SystemClock()) as forge:
            ready = report_good("forge", await forge.check_connection())
    except (TheseusError, OSError) as error:
        return [report_bad("forge", str(error), f"See forge in {settings.config_file}.")]
    return [ready, await _check_remote(settings)]


async def _check_remote(settings: Settings) -> DoctorFinding:
    """Return whether what is merged would reach the running checkout."""
    forge, root = settings.config.forge, settings.root
    name, branch = forge.remote, forge.branch
    remote = await find_remote(root, name)
    if forge.kind == "local":
        folder = get_local_forge_folder(settings)
        if remote is None or not _is_remote_of(root, remote, folder):
            there = "there is no git remote" if remote is None else "the git remote"
            elsewhere = "" if remote is None else f" leads to {remote.display_url}"
            mend = (
                f"git -C {root} remote add theseus {folder}, and forge.remote: theseus in "
                f"{settings.config_file}; or run `theseus setup`."
            )
            told = f"{there} {name}{elsewhere}: merges in the local forge would not arrive here"
            return report_bad("forge remote", told, mend)
    elif remote is None:
        mend = f"git -C {root} remote add {name} <the repository's address>"
        return report_bad("forge remote", f"there is no git remote {name}", mend)
    standing = await get_current_branch(root)
    if standing != branch:
        mend = f"git -C {root} switch {branch}, or set forge.branch in {settings.config_file}."
        return report_bad("forge remote", f"the checkout is on {standing}, not on {branch}", mend)
    asked = forge.kind == "github" and remote is not None and remote.repository is not None
    if asked or should_create_forge(settings):
        # Asked with the forge's own credentials, whatever way the remote goes; or not there yet.
        return report_good(
            "forge remote", f"{name} leads to {remote.display_url if remote else ''}, {branch}"
        )
    try:
        await reach(root, name, branch)
    except TheseusError as error:
        mend = f"Make `git -C {root} ls-remote {name}` work for the bot's account."
        return report_bad("forge remote", str(error), mend)
    return report_good(
        "forge remote", f"{name} leads to {remote.display_url if remote else ''}, {branch}"
    )


def _is_remote_of(root: Path, remote: Remote, folder: Path) -> bool:
    return remote.folder is not None and (root / remote.folder).resolve() == folder.resolve()
