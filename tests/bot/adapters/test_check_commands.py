"""From a configured check to the command that runs."""

import pytest

from bot.adapters.sandboxed_verifier import _commands
from bot.adapters.sandboxed_verifier._commands import expand
from bot.domain.checks import Check

ALL = ("pytest", "-q", "-n", "auto", "--dist", "loadfile", "-m", "not slow")


def check(*command: str) -> Check:
    return Check(name="all tests", command=command)


@pytest.mark.parametrize(
    ("command", "alone"),
    [
        (ALL, ["pytest", "-q", "-m", "not slow"]),
        (("python", "-m", "pytest", "-n4", "--dist=worksteal"), ["python", "-m", "pytest"]),
        (("pytest", "--numprocesses=auto", "--maxprocesses", "4", "-x"), ["pytest", "-x"]),
        (("pytest", "--no-header", "-n"), ["pytest", "--no-header"]),
        (("make", "-n", "check"), ["make", "-n", "check"]),
    ],
)
def test_pytest_is_told_of_no_workers_where_there_can_be_none(
    command: tuple[str, ...], alone: list[str]
) -> None:
    assert expand(check(*command), (), (), workers=False) == alone
    assert expand(check(*command), (), (), workers=True) == list(command)


def test_what_expands_to_nothing_is_no_command() -> None:
    assert expand(check("pytest", "-n", "2", "{affected_tests}"), (), (), workers=False) is None


def test_the_engine_runs_the_affected_tests_with_the_options_of_the_check_and_no_workers() -> None:
    assert _commands.test_options((*ALL, "{affected_tests}")) == ("-q", "-m", "not slow")
