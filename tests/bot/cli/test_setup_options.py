"""What `theseus setup` says to options that answer beforehand, while it still means to ask."""

import pytest
from typer.testing import CliRunner

from bot.cli.main import build_command_line
from bot.domain.errors import ConfigError


@pytest.mark.parametrize("option", ["--checks", "--no-checks"])
def test_the_option_that_was_given_is_the_one_that_is_named(option: str) -> None:
    told = CliRunner().invoke(build_command_line(), ["setup", option])
    assert isinstance(told.exception, ConfigError)
    assert str(told.exception) == f"setup: {option} needs --yes."
