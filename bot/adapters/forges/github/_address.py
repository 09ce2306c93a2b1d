"""Addresses of a GitHub instance, and the repository there that a git remote refers to."""

from typing import NamedTuple
from urllib.parse import urlsplit

from bot.domain.errors import ConfigError
from bot.infra.git_remotes import RemoteAddress, parse_remote

PUBLIC_API = "https://api.github.com"

_ENTERPRISE = "/api/v3"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Address(NamedTuple):
    """The addresses of a GitHub instance: REST API, GraphQL endpoint, and web pages with git."""

    api: str
    graphql: str
    web: str

    @property
    def host(self) -> str:
        """The host name that people know, with the port if there is one."""
        return urlsplit(self.web).netloc

    @property
    def is_here(self) -> bool:
        """True if the instance is on this machine, so that requests must not go through a proxy."""
        return urlsplit(self.web).hostname in _LOOPBACK

    def build_clone_url(self, repository: str) -> str:
        """Return the http(s) clone URL of a repository."""
        return f"{self.web}/{repository}.git"

    def is_host_of(self, remote: RemoteAddress) -> bool:
        """Return whether a remote is on this GitHub instance."""
        return remote.host in (self.host.lower(), (urlsplit(self.web).hostname or "").lower())


def address_of(api_url: str | None) -> Address:
    """Return the GitHub instance with this API: github.com, Enterprise Server or Enterprise Cloud.

    Raises `ConfigError` for an address that would send the token unencrypted over the network.
    """
    api = (api_url or PUBLIC_API).rstrip("/")
    parts = urlsplit(api)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ConfigError(
            f"THESEUS_GITHUB_API_URL: {api} is not an https address; for an Enterprise Server "
            "use https://HOST/api/v3"
        )
    if parts.username or parts.password or parts.query:
        raise ConfigError(
            "THESEUS_GITHUB_API_URL must be only an address, without a token or query"
        )
    origin = f"{parts.scheme}://{parts.netloc}"
    if parts.path.endswith(_ENTERPRISE):
        root = origin + parts.path.removesuffix(_ENTERPRISE)
        return Address(api, f"{root}/api/graphql", root)
    web = f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"
    return Address(api, f"{api}/graphql", web)


def parse_repository(remote_url: str, api_url: str | None = None) -> str:
    """Return `owner/name` of the repository that a remote refers to on this GitHub instance.

    Raises `ConfigError`, with a way to fix it, if the remote is not on this instance.
    """
    address, remote = address_of(api_url), parse_remote(remote_url)
    if remote is None:
        raise ConfigError(
            f"the git remote is not a repository on {address.host}; set forge.github.repository to "
            "owner/name, or forge.remote to a remote on that host"
        )
    if not address.is_host_of(remote):
        raise ConfigError(
            f"the git remote is on {remote.host}, not on {address.host}; set "
            "forge.github.repository, or, for a GitHub Enterprise Server, "
            f"THESEUS_GITHUB_API_URL=https://{remote.host}/api/v3"
        )
    return remote.repository
