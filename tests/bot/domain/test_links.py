"""Which texts become links, and which stay text."""

import pytest

from bot.domain.links import LONGEST, format_link, parse_web_address


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/o/n/pull/7",
        "http://127.0.0.1:8080/forge/pulls/2",
        "HTTPS://theseus.example.org/a?b=c#d",
        "http://[::1]:8080/forge/pulls/2",
    ],
)
def test_an_absolute_http_address_is_followed(address: str) -> None:
    assert parse_web_address(address) == address
    assert format_link("#2", address) == f"[#2]({address})"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/forge/pulls/2",
        "forge/pulls/2",
        "//forge/pulls/2",
        "javascript:alert(1)",
        "discord://-/channels/1",
        "file:///etc/passwd",
        "https://",
        "https:///pulls/2",
        "https://forge:port/2",
        "https://[::1/2",
        "https://forge.test/2)](https://evil.test",
        "https://forge.test/a b",
        "https://forge.test/a\nb",
        "https://github.com@evil.test/2",
        "https://forge.test/" + "a" * LONGEST,
    ],
)
def test_anything_else_stays_words(address: str) -> None:
    assert parse_web_address(address) == ""
    assert format_link("#2", address) == "#2"
