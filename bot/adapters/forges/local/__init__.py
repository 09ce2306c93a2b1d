"""The forge without an account: a bare repository on this machine."""

from datetime import timedelta

from bot.adapters.forges.local.doctor import examine, examine_remote
from bot.adapters.forges.local.forge import LocalForge
from bot.adapters.forges.local.questions import ask_settings
from bot.adapters.forges.local.settings import is_created, open_forge
from bot.adapters.forges.shared.forge_type import ForgeType
from bot.infra.git_remotes import Remote
from bot.settings import Settings

__all__ = ["LOCAL", "LocalForge"]


async def _is_host_of(_settings: Settings, _remote: Remote) -> bool:
    return False  # it is reached by a folder, which has no host


LOCAL = ForgeType(
    name="local",
    title="local",
    open=open_forge,
    is_created=is_created,
    ask=ask_settings,
    is_host_of=_is_host_of,
    examine=examine,
    examine_remote=examine_remote,
    polling=timedelta(seconds=5),  # it costs nothing
    has_credentials=False,
)
