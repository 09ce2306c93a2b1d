"""Which GitHub, and which repository a git remote means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.forges.github import parse_repository
from bot.adapters.forges.github._address import address_of
from bot.domain.errors import ConfigError
from bot.infra.git_remotes import parse_remote


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/owner/name",
        "https://github.com/owner/name.git",
        "https://github.com/owner/name/",
        "https://somebody:secret@github.com/owner/name.git",
        "http://github.com/owner/name.git",
        "https://GitHub.com/owner/name.git",
        "git@github.com:owner/name.git",
        "git@github.com:owner/name",
        "github.com:owner/name.git",
        "git@github.com:/owner/name.git",
        "ssh://git@github.com/owner/name.git",
        "ssh://git@github.com:22/owner/name.git",
        "ssh://git@ssh.github.com:443/owner/name.git",
        "git://github.com/owner/name.git",
    ],
)
def test_every_way_to_write_a_remote_is_understood(url: str) -> None:
    assert parse_repository(url) == "owner/name"


@pytest.mark.parametrize(
    "url",
    ["git@ghe.example.org:owner/n.a-m_e.git", "https://ghe.example.org/owner/n.a-m_e.git"],
)
def test_enterprise_hosts_are_known_by_their_api(url: str) -> None:
    assert parse_repository(url, "https://ghe.example.org/api/v3") == "owner/n.a-m_e"
    with pytest.raises(ConfigError, match=r"THESEUS_GITHUB_API_URL=https://ghe\.example\.org"):
        parse_repository(url)


@pytest.mark.parametrize(
    "url", ["/srv/git/name.git", "../name", "file:///srv/name.git", "C:/repos/name", "", "origin"]
)
def test_what_is_no_repository_there_says_which_setting_to_use(url: str) -> None:
    with pytest.raises(ConfigError, match=r"forge\.github\.repository"):
        parse_repository(url)


def test_other_hosts_are_named() -> None:
    with pytest.raises(ConfigError, match=r"on gitlab\.com, not on github\.com"):
        parse_repository("git@gitlab.com:owner/name.git")


@pytest.mark.parametrize(
    ("api_url", "graphql", "clone"),
    [
        (None, "https://api.github.com/graphql", "https://github.com/o/n.git"),
        ("https://api.github.com/", "https://api.github.com/graphql", "https://github.com/o/n.git"),
        (
            "https://ghe.example.org/api/v3/",
            "https://ghe.example.org/api/graphql",
            "https://ghe.example.org/o/n.git",
        ),
        (
            "https://api.octo.ghe.com",
            "https://api.octo.ghe.com/graphql",
            "https://octo.ghe.com/o/n.git",
        ),
        (
            "http://127.0.0.1:8080/api/v3",
            "http://127.0.0.1:8080/api/graphql",
            "http://127.0.0.1:8080/o/n.git",
        ),
    ],
)
def test_one_address_gives_the_others(api_url: str | None, graphql: str, clone: str) -> None:
    address = address_of(api_url)
    assert (address.graphql, address.build_clone_url("o/n")) == (graphql, clone)


@given(st.text(max_size=60))
def test_no_text_is_too_strange_for_a_remote(text: str) -> None:
    found = parse_remote(text)
    assert found is None or found.repository.count("/") == 1


@given(st.from_regex(r"(https|ssh)://[a-z.@:/0-9-]{0,40}", fullmatch=True))
def test_no_address_is_too_strange_for_a_remote(url: str) -> None:
    found = parse_remote(url)
    assert found is None or found.repository.count("/") == 1
