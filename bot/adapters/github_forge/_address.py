"""Where a GitHub is, and which repository a git remote means."""

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
    """What a remote's URL says: `host` in lower case, with a port only for http(s)."""

    host: str
    repository: str


class Address(NamedTuple):
    """A GitHub: its REST API, its GraphQL endpoint and its web and git address."""

    api: str
    graphql: str
    web: str

    @property
    def host(self) -> str:
        """Its host as people know it, with a port where it has one."""
        return urlsplit(self.web).netloc

    @property
    def is_here(self) -> bool:
        """Whether it is on this very machine, where no proxy leads to."""
        return urlsplit(self.web).hostname in _LOOPBACK

    def build_clone_url(self, repository: str) -> str:
        """Return where git finds a repository, over http(s)."""
        return f"{self.web}/{repository}.git"

    def is_host_of(self, remote: RemoteAddress) -> bool:
        """Return whether a remote is on this GitHub."""
        return remote.host in (self.host.lower(), (urlsplit(self.web).hostname or "").lower())


def address_of(api_url: str | None) -> Address:
    """Return the GitHub with this API: github.com, Enterprise Server or Enterprise Cloud.

    Raises `ConfigError` for an address that would send the token over the network in the clear.
    """
    api = (api_url or PUBLIC_API).rstrip("/")
    parts = urlsplit(api)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ConfigError(
            f"THESEUS_GITHUB_API_URL: {api} is not an https address; an Enterprise Server's is "
            "https://HOST/api/v3"
        )
    if parts.username or parts.password or parts.query:
        raise ConfigError("THESEUS_GITHUB_API_URL holds more than an address; put no token in it")
    origin = f"{parts.scheme}://{parts.netloc}"
    if parts.path.endswith(_ENTERPRISE):
        root = origin + parts.path.removesuffix(_ENTERPRISE)
        return Address(api, f"{root}/api/graphql", root)
    web = f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"
    return Address(api, f"{api}/graphql", web)


def parse_remote(url: str) -> RemoteAddress | None:
    """Return what a git remote's URL means; `None` if it is no repository at a code host.

    Knows `https://host/owner/name.git`, `ssh://git@host:22/owner/name` and `git@host:owner/name`.
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
    elif found := _SCP.fullmatch(url):
        host, path = found["host"], found["path"]
    else:
        return None
    named = _PATH.fullmatch(path)
    if not host or named is None or ".." in (named["owner"], named["name"]):
        return None
    host = "github.com" if host.lower() == _SSH_OVER_443 else host.lower()
    return RemoteAddress(host, f"{named['owner']}/{named['name']}")


def parse_repository(remote_url: str, api_url: str | None = None) -> str:
    """Return `owner/name` of the repository a remote means at this GitHub.

    Raises `ConfigError` with the way out if it is none of its.
    """
    address, remote = address_of(api_url), parse_remote(remote_url)
    if remote is None:
        raise ConfigError(
            f"the git remote is no repository on {address.host}; set forge.github.repository to "
            "owner/name, or forge.remote to the remote that is"
        )
    if not address.is_host_of(remote):
        raise ConfigError(
            f"the git remote is on {remote.host}, not on {address.host}; set "
            "forge.github.repository, or, for a GitHub Enterprise Server, "
            f"THESEUS_GITHUB_API_URL=https://{remote.host}/api/v3"
        )
    return remote.repository
