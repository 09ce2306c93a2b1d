"""The forge on GitHub (github.com and Enterprise). Only this package holds its credentials."""

from bot.adapters.github_forge._address import address_of, parse_remote, parse_repository
from bot.adapters.github_forge._credentials import App, Credentials, InstallationCredentials, Token
from bot.adapters.github_forge._forge import GithubForge

__all__ = [
    "App",
    "Credentials",
    "GithubForge",
    "InstallationCredentials",
    "Token",
    "address_of",
    "parse_remote",
    "parse_repository",
]
