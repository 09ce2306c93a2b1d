"""The forge door on GitHub, github.com and Enterprise alike: the only holder of its credentials."""

from bot.adapters.github_forge._address import address_of, remote_of, repository_of
from bot.adapters.github_forge._credentials import App, Credentials, Installed, Token
from bot.adapters.github_forge._forge import GithubForge

__all__ = [
    "App",
    "Credentials",
    "GithubForge",
    "Installed",
    "Token",
    "address_of",
    "remote_of",
    "repository_of",
]
