"""The forge on GitHub (github.com and Enterprise). Only this package holds its credentials."""

from datetime import timedelta

from bot.adapters.forges.github._address import address_of, parse_repository
from bot.adapters.forges.github._credentials import App, Credentials, InstallationCredentials, Token
from bot.adapters.forges.github.doctor import examine
from bot.adapters.forges.github.forge import GithubForge
from bot.adapters.forges.github.questions import ask_settings
from bot.adapters.forges.github.settings import is_host_of, open_forge
from bot.adapters.forges.github.webhook import WEBHOOK
from bot.adapters.forges.shared.forge_type import ForgeType

__all__ = [
    "GITHUB",
    "App",
    "Credentials",
    "GithubForge",
    "InstallationCredentials",
    "Token",
    "address_of",
    "parse_repository",
]

GITHUB = ForgeType(
    name="github",
    title="GitHub",
    open=open_forge,
    ask=ask_settings,
    is_host_of=is_host_of,
    examine=examine,
    polling=timedelta(seconds=15),  # it has a rate limit
    webhook=WEBHOOK,
    example_remote="git@github.com:OWNER/NAME.git",
)
