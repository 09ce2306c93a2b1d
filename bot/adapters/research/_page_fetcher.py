"""Reads pages of listed hosts over HTTPS: no other host, no private address, no more than allowed.

The address of a host is checked where the connection is made: the resolver gives aiohttp only
public addresses, and aiohttp connects to just these. A host that names another address a second
later gains nothing. No proxy is used, because a proxy would resolve the name again.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.adapters.research._page_text import decode, read_page
from bot.domain.research import Page, PageRefused, SourceUnavailable, is_host_listed

_REDIRECTS = 4
_HEADERS = {
    "User-Agent": "Theseus (reads documentation)",
    "Accept": "text/html, text/plain, text/markdown",
    # A compressed page of a kilobyte may be a gigabyte.
    "Accept-Encoding": "identity",
}
_TYPES = ("text/html", "application/xhtml+xml", "text/plain", "text/markdown", "text/x-rst")
_EMBEDDED_V4 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("::/96"))
_LONGEST_URL = 2_000


@dataclass(frozen=True)
class FetchRules:
    """What may be read: hosts (`docs.example.org`, or `*.example.org` for those below), and sizes.

    Attributes:
        hosts: The hosts, in lower case. Only these are read.
        most_bytes: What is read of one page; the rest is left unread.
        seconds: The time for one page with all its redirects.
        schemes: Only tests allow http.
    """

    hosts: tuple[str, ...]
    most_bytes: int = 512_000
    seconds: float = 10.0
    schemes: tuple[str, ...] = ("https",)


def is_public_address(text: str) -> bool:
    """Return whether the IP address is one of the public internet."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address.teredo is not None:
            return False
        if any(address in network for network in _EMBEDDED_V4):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public_address(str(inner))
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


class PublicResolver(AbstractResolver):
    """Resolves names, and refuses a host if any of its addresses is not public."""

    def __init__(
        self,
        inner: AbstractResolver | None = None,
        is_allowed: Callable[[str], bool] = is_public_address,
    ) -> None:
        self._inner = inner
        self._is_allowed = is_allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses. Raises `_PrivateAddress`."""
        inner = self._inner = self._inner or aiohttp.ThreadedResolver()
        found = await inner.resolve(host, port, family)
        if not all(self._is_allowed(each["host"]) for each in found):
            raise _PrivateAddress(host)
        return found

    async def close(self) -> None:
        """Close the resolver that is asked."""
        if self._inner is not None:
            await self._inner.close()


class _PrivateAddress(Exception):
    """A name of the list leads to an address that is not public."""


class HttpPageFetcher:
    """Implements `bot.ports.research.PageFetcher`. Each page has a connection of its own."""

    def __init__(
        self,
        rules: FetchRules,
        open_resolver: Callable[[], AbstractResolver] = PublicResolver,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._rules = rules
        self._open_resolver = open_resolver
        self._tls = tls

    def is_allowed(self, url: str) -> bool:
        """Return whether the address is one of a listed host."""
        return not self._find_objection(url)

    async def fetch(self, url: str) -> Page:
        """Return the visible text of the page; see the port."""
        host = _name_host(url)
        try:
            async with asyncio.timeout(self._rules.seconds):
                return await self._follow(url)
        except TimeoutError:
            raise SourceUnavailable(f"no answer within {self._rules.seconds:g} s") from None
        except _PrivateAddress:
            raise PageRefused("the name leads to a private address") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failure = type(error).__name__  # its text may hold what the server wrote
            raise SourceUnavailable(f"{host} cannot be read ({failure})") from None

    async def _follow(self, url: str) -> Page:
        for _ in range(_REDIRECTS + 1):
            if objection := self._find_objection(url):
                raise PageRefused(objection)
            async with (
                self._open_client() as web,
                web.get(URL(url), allow_redirects=False, headers=_HEADERS) as answer,
            ):
                if answer.status not in (301, 302, 303, 307, 308):
                    return await self._read(url, answer)
                target = answer.headers.get("Location", "")
                if not target or len(target) > _LONGEST_URL:
                    raise SourceUnavailable("the page redirects nowhere")
                url = str(URL(url).join(URL(target)))
        raise PageRefused("the page redirects too often")

    async def _read(self, url: str, answer: aiohttp.ClientResponse) -> Page:
        if answer.status != 200:
            raise SourceUnavailable(f"it answered {answer.status}")
        if answer.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            raise PageRefused("the page is compressed, though we asked for plain text")
        content_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if content_type not in _TYPES:
            raise PageRefused(f"it is {content_type[:40] or 'of no known type'}, and no text")
        raw = bytearray()
        async for chunk in answer.content.iter_chunked(16_384):
            raw += chunk
            if len(raw) > self._rules.most_bytes:
                break
        is_cut = len(raw) > self._rules.most_bytes
        text = decode(bytes(raw[: self._rules.most_bytes]), answer.charset or "", is_cut=is_cut)
        is_html = "html" in content_type
        return await asyncio.to_thread(read_page, url, text, is_html=is_html, is_cut=is_cut)

    def _open_client(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=self._open_resolver(),
            use_dns_cache=False,
            force_close=True,
            ssl=self._tls or True,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=self._rules.seconds),
        )

    def _find_objection(self, url: str) -> str:
        """Return why the address may not be read; "" if it may.

        It is parsed by the library that connects, so that both see the same host.
        """
        if len(url) > _LONGEST_URL:
            return "its address is too long"
        try:
            parts = URL(url)
            host, port, default = (parts.host or "").lower(), parts.port, parts.is_default_port()
        except ValueError:
            return "its address is not valid"
        if parts.scheme not in self._rules.schemes:
            return f"only {' and '.join(self._rules.schemes)} is read"
        if parts.user is not None or parts.password is not None:
            return "its address has a password"
        if port is not None and not default:
            return "only the usual port is read"
        if not is_host_listed(host, self._rules.hosts):
            return f"research.web.hosts does not list {host[:100] or 'it'}"
        return ""


def _name_host(url: str) -> str:
    try:
        return (URL(url).host or "the page")[:100]
    except ValueError:
        return "the page"
