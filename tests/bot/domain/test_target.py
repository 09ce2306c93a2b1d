"""Targets: what an entry may say, and how a start reads."""

import pytest
from pydantic import ValidationError

from bot.domain.target import Target, TargetStart, is_repository_url

START = {"file": "bot.py"}


@pytest.mark.parametrize(
    ("start", "summary"),
    [
        ({"file": "bot.py", "arguments": ("--debug",)}, "python bot.py --debug"),
        ({"file": "my bot.py"}, "python 'my bot.py'"),
        ({"file": "-dash.py"}, "python ./-dash.py"),
        ({"module": "red.bot"}, "python -m red.bot"),
        ({"factory": "bot.main:create"}, "call bot.main:create"),
    ],
)
def test_a_start_reads_as_it_is_typed(start: dict[str, object], summary: str) -> None:
    assert TargetStart.model_validate(start).summary == summary


BAD: list[tuple[dict[str, object], str]] = [
    ({"name": "My Bot"}, "up to 40 small letters"),
    ({"start": {}}, "exactly one of file, module and factory"),
    ({"start": {"file": "a.py", "module": "a"}}, "exactly one of file, module and factory"),
    ({"start": {"factory": "main"}}, "package.module:function"),
    ({"start": {"file": "../bot.py"}}, "inside the target's repository"),
    ({"paths": {"free": ["/etc/**"]}}, "inside the target's repository"),
    ({"environment": {"kind": "uv"}}, "kind is uv: set file"),
    ({"forge": {"kind": "github"}}, "set repository to owner/name"),
    ({"deployment": {"kind": "systemd"}}, "kind is systemd: set unit"),
    ({"deployment": {"kind": "command"}}, "kind is command: set command"),
    ({"deployment": {"unit": "bot.service"}}, "kind is person: remove unit"),
]


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_a_wrong_entry_says_what_to_do(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Target.model_validate({"name": "a", "repository": "b", "start": START, **changes})


@pytest.mark.parametrize(
    ("repository", "is_url"),
    [
        ("https://github.com/a/b", True),
        ("git@github.com:a/b.git", True),
        ("ssh://git@host/a", True),
        ("/srv/bot", False),
        ("../bot", False),
        ("C:/bots/mine", False),
    ],
)
def test_a_url_is_told_from_a_folder(repository: str, is_url: bool) -> None:
    assert is_repository_url(repository) is is_url
