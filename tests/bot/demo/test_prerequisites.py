"""What the demo needs is looked at before anything is copied."""

import socket
from collections.abc import Iterator

import pytest

from bot.demo.prerequisites import check_prerequisites
from bot.domain.errors import ConfigError
from bot.infra.free_port import find_free_port

PATH = {"PATH": "/usr/bin:/bin"}


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def test_a_busy_port_is_named_with_the_option_that_changes_it(busy_port: int) -> None:
    with pytest.raises(ConfigError, match=rf"^Port {busy_port} .* --port\. Nothing was copied\.$"):
        check_prerequisites(busy_port, PATH)


def test_a_busy_port_of_the_dashboard_is_named_with_its_variable(busy_port: int) -> None:
    with pytest.raises(ConfigError, match=rf"^Port {busy_port} .* THESEUS_HTTP_PORT"):
        check_prerequisites(0, PATH | {"THESEUS_HTTP_PORT": str(busy_port)})


def test_one_port_for_the_page_and_the_dashboard_is_refused() -> None:
    with pytest.raises(ConfigError, match="--port and THESEUS_HTTP_PORT are both 8099"):
        check_prerequisites(8099, PATH | {"THESEUS_HTTP_PORT": "8099"})


def test_a_machine_without_git_is_told_what_to_install() -> None:
    with pytest.raises(ConfigError, match="needs the git program"):
        check_prerequisites(0, {"PATH": "/nowhere"})


def test_with_git_and_free_ports_nothing_is_wrong_and_the_port_stays_free() -> None:
    check_prerequisites(0, PATH)
    port = find_free_port()
    for _ in range(2):
        check_prerequisites(port, PATH)
