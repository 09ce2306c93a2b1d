"""Addresses of a GitHub instance, and the repository that a git remote refers to."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from bot.domain.errors import ConfigError

PUBLIC_API = "https://api.github.com"

_ENTERPRISE = "/api/v3"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_SCP = re.compile(r"(?:[^@/:]+@)?(?P<host>[^/:@]{2,}):(?P<path>.+)")
_PATH = re.compile(r"/*(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/*")
_SSH_OVER_443 = "ssh.github.com"


class RemoteAddress(NamedTuple):
    """The host (lower case, with a port only for http(s)) and repository of a remote's URL."""

    host: str
    repository: str


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


def parse_remote(url: str) -> RemoteAddress | None:
    """Return the host and repository of a git remote's URL; `None` if it names no code host.

    Supports `https://host/owner/name.git`, `ssh://git@host:22/owner/name` and
    `git@host:owner/name`.
    """
    if "://" in url:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return None
        host, path = parts.hostname or "", parts.path
        if parts.scheme in ("http", "https") and port is not None:
            host = f"{host}:{port}"
        if parts.scheme not in ("http", "https", "ssh", "git", "git+ssh"):
            return None
    elif scp := _SCP.fullmatch(url):
        host, path = scp["host"], scp["path"]
    else:
        return None
    repository = _PATH.fullmatch(path)
    if not host or repository is None or ".." in (repository["owner"], repository["name"]):
        return None
    host = "github.com" if host.lower() == _SSH_OVER_443 else host.lower()
    return RemoteAddress(host, f"{repository['owner']}/{repository['name']}")


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
