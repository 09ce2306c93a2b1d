"""Only listed hosts of the public internet are read, and of them only so much visible text."""

import gzip
from collections.abc import AsyncIterator

import pytest

from bot.adapters.research import FetchRules, HttpPageFetcher, PublicResolver, is_public_address
from bot.domain.research import PageRefused, SourceUnavailable
from tests.twins.research_web import (
    OwnResolver,
    RecordedWeb,
    build_redirect,
    reply_bytes,
    reply_html,
)

HOSTS = ("docs.example.org", "*.wiki.example.org")


@pytest.fixture
async def pages() -> AsyncIterator[RecordedWeb]:
    async with RecordedWeb(pages={}) as twin:
        yield twin


def open_fetcher(twin: RecordedWeb, seconds: float = 10.0, most: int = 100_000) -> HttpPageFetcher:
    """Return a fetcher that takes the twin's address for a public one."""
    rules = FetchRules(HOSTS, most_bytes=most, seconds=seconds, schemes=("http",))
    resolver = OwnResolver(twin.port)
    return HttpPageFetcher(rules, lambda: PublicResolver(resolver, lambda _: True))


# -------------------------------------------------------------------------------- which addresses


@pytest.mark.parametrize(
    "url",
    [
        "http://docs.example.org/",  # not HTTPS
        "https://evil.example/",
        "https://docs.example.org.evil.example/",
        "https://evil.example/docs.example.org",
        "https://docs.example.org@evil.example/",
        "https://user:word@docs.example.org/",
        "https://docs.example.org:8443/",
        "https://wiki.example.org/",  # only what is below it is listed
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://docs.example.org\\@evil.example/",
        "https://docs.example.org\u3002evil.example/",
        "file:///etc/passwd",
        "ftp://docs.example.org/",
        "javascript:alert(1)",
        "//docs.example.org/",
        "https:///docs.example.org",
        "",
        "https://docs.example.org/" + "a" * 3_000,
    ],
)
async def test_other_addresses_are_refused_before_any_name_is_resolved(url: str) -> None:
    resolver = OwnResolver(9)
    fetcher = HttpPageFetcher(FetchRules(HOSTS), lambda: PublicResolver(resolver))
    assert not fetcher.is_allowed(url)
    with pytest.raises(PageRefused):
        await fetcher.fetch(url)
    assert resolver.asked == []


def test_listed_hosts_are_allowed() -> None:
    fetcher = HttpPageFetcher(FetchRules(HOSTS))
    for url in (
        "https://docs.example.org/a?b=c",
        "https://DOCS.example.org",
        "https://a.wiki.example.org/x",
    ):
        assert fetcher.is_allowed(url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.8", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.1.2.3", "255.255.255.255", "224.0.0.1", "192.0.2.1", "198.18.0.1", "240.0.0.1",
        "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "fec0::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "::127.0.0.1", "localhost", "",
    ],
)  # fmt: skip
async def test_private_addresses_are_refused_though_the_name_is_listed(address: str) -> None:
    assert not is_public_address(address)
    resolver = OwnResolver(9, {"docs.example.org": ("93.184.215.14", address)})
    fetcher = HttpPageFetcher(FetchRules(HOSTS), lambda: PublicResolver(resolver))
    with pytest.raises(PageRefused, match="private address"):
        await fetcher.fetch("https://docs.example.org/")
    assert resolver.asked == ["docs.example.org"]


def test_public_addresses_are_public() -> None:
    for address in ("93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:8.8.8.8"):
        assert is_public_address(address)


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:8080/",
        "http://evil.example/",
        "https://docs.example.org/",  # the twin's rules allow http alone
        "file:///etc/passwd",
        "//evil.example/x",
        "/loop",
    ],
)
async def test_a_redirect_leads_to_listed_hosts_only(pages: RecordedWeb, target: str) -> None:
    pages.pages = {
        "docs.example.org/": build_redirect(target),
        "docs.example.org/loop": build_redirect("/loop"),
        "evil.example/": reply_html("<p>never read</p>"),
    }
    with pytest.raises(PageRefused):
        await open_fetcher(pages).fetch("http://docs.example.org/")
    assert all(place.startswith("docs.example.org/") for place in pages.asked)


async def test_a_redirect_another_listed_host_is_followed(pages: RecordedWeb) -> None:
    pages.pages = {
        "docs.example.org/old": build_redirect("http://new.wiki.example.org/page"),
        "new.wiki.example.org/page": reply_html("<title>New</title><p>Moved here.</p>"),
    }
    page = await open_fetcher(pages).fetch("http://docs.example.org/old")
    assert (page.url, page.title) == ("http://new.wiki.example.org/page", "New")


# ------------------------------------------------------------------------------------- how much


async def test_of_an_endless_page_only_the_start_is_read(pages: RecordedWeb) -> None:
    pages.pages = {"docs.example.org/": pages.reply_endless}
    page = await open_fetcher(pages).fetch("http://docs.example.org/")
    assert page.is_cut
    assert sum(len(text) for _, text in page.sections) <= 100_000
    assert pages.sent < 20_000_000


async def test_a_page_that_never_comes_ends_in_time(pages: RecordedWeb) -> None:
    pages.pages = {"docs.example.org/": pages.reply_never}
    with pytest.raises(SourceUnavailable, match="within"):
        await open_fetcher(pages, seconds=0.3).fetch("http://docs.example.org/")


@pytest.mark.parametrize(
    ("content_type", "headers"),
    [
        ("application/zip", {}),
        ("image/png", {}),
        ("application/octet-stream", {}),
        ("text/html", {"Content_Encoding": "gzip"}),
    ],
)
async def test_what_is_no_text_is_refused(
    pages: RecordedWeb, content_type: str, headers: dict[str, str]
) -> None:
    body = gzip.compress(b"<p>bomb</p>" * 1_000)
    pages.pages = {"docs.example.org/": reply_bytes(body, content_type=content_type, **headers)}
    with pytest.raises(PageRefused):
        await open_fetcher(pages).fetch("http://docs.example.org/")


async def test_an_error_of_the_server_does_not_show_what_it_wrote(pages: RecordedWeb) -> None:
    with pytest.raises(SourceUnavailable, match=r"^it answered 404$"):
        await open_fetcher(pages).fetch("http://docs.example.org/missing")
