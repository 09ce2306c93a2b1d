"""Each target has a token of its own, and no error shows one."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from theseus_observe.redaction import redact

from bot.domain.errors import ConfigError
from bot.settings import Settings, guard_secrets, load, read_observe_tokens

ROOT = Path(__file__).resolve().parents[3]
TOKEN, OTHER = "kdh3-a-token-of-one-bot", "z8u1-a-token-of-another"


def make_settings(folder: Path, tokens: str) -> Settings:
    content: dict[str, Any] = yaml.safe_load((ROOT / "data/config.yaml").read_text())
    content["targets"] = [
        {"name": name, "repository": name, "start": {"file": "bot.py"}}
        for name in ("welcome", "my-bot")
    ]
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data/config.yaml").write_text(yaml.safe_dump(content))
    return load(folder, {"THESEUS_OBSERVE_TOKENS": tokens})


def test_each_target_has_its_token(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, f"welcome={TOKEN}, my-bot={OTHER},")
    assert read_observe_tokens(settings) == {"welcome": TOKEN, "my-bot": OTHER}
    assert read_observe_tokens(make_settings(tmp_path, "")) == {}


def test_each_token_counts_as_a_secret(tmp_path: Path) -> None:
    forget = guard_secrets(make_settings(tmp_path, f"welcome={TOKEN},my-bot={OTHER}"))
    try:
        assert redact(f"see {TOKEN} and {OTHER}").count("[redacted") == 2
    finally:
        forget()


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        (TOKEN, "part 1 does not begin with the name"),
        (f"welcome={TOKEN},music={OTHER}", "part 2 does not begin with the name"),
        (f"welcome={TOKEN},welcome={OTHER}", "welcome has two tokens"),
        ("welcome=short-secret", "welcome is too short"),
        ("welcome=", "welcome is too short"),
        (f"welcome={TOKEN},my-bot={TOKEN}", "my-bot has the token of another"),
    ],
)
def test_wrong_tokens_are_refused_without_showing_them(
    tmp_path: Path, tokens: str, words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_observe_tokens(make_settings(tmp_path, tokens))
    assert words in str(caught.value)
    assert not any(each in str(caught.value) for each in (TOKEN, OTHER, "short-secret", "music"))
