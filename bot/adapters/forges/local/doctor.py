"""Checks the local forge's repository, and the git remote that points to it."""

from bot.adapters.forges.local.settings import get_folder, is_created
from bot.domain.finding import DoctorFinding, report_bad, report_note
from bot.infra.git_remotes import Remote
from bot.ports.clock import Clock
from bot.settings import Settings


async def examine(settings: Settings, _clock: Clock) -> list[DoctorFinding]:
    """Return a note if the repository does not exist yet."""
    if is_created(settings):
        return []
    return [report_note("forge", f"local, created at the first start: {get_folder(settings)}")]


def examine_remote(settings: Settings, remote: Remote | None) -> DoctorFinding | None:
    """Return a finding if the remote does not point to the repository."""
    root, name, folder = settings.root, settings.config.forge.remote, get_folder(settings)
    found = remote.folder if remote else None
    if found is not None and (root / found).resolve() == folder.resolve():
        return None
    there = "there is no git remote" if remote is None else "the git remote"
    elsewhere = "" if remote is None else f" points to {remote.display_url}"
    remedy = (
        f"git -C {root} remote add theseus {folder}, and forge.remote: theseus in "
        f"{settings.config_file}; or run `theseus setup`."
    )
    message = f"{there} {name}{elsewhere}: merges in the local forge would not arrive here"
    return report_bad("forge remote", message, remedy)
