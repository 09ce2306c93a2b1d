"""The tokens of workers, and what a worker must not have."""

from pathlib import Path

import pytest

from bot.domain.errors import ConfigError
from bot.settings import Settings, load, read_worker_secrets, read_worker_tokens

FIRST, SECOND = "f" * 32, "s" * 32
CONFIG = Path(__file__).parents[3] / "data/config.yaml"


def make_settings(folder: Path, tokens: str) -> Settings:
    (folder / "data").mkdir()
    (folder / "data/config.yaml").write_text(CONFIG.read_text(encoding="utf-8"), encoding="utf-8")
    return load(folder, {"THESEUS_WORKER_TOKENS": tokens})


def test_each_group_has_its_token(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, f"first={FIRST}, second={SECOND}")
    assert read_worker_tokens(settings) == {"first": FIRST, "second": SECOND}
    assert settings.config.work.queue == "local"


@pytest.mark.parametrize(
    ("tokens", "reason"),
    [
        ("", "two groups"),
        (f"first={FIRST}", "two groups"),
        (f"first={FIRST},first={SECOND}", "name or token of another"),
        (f"first={FIRST},second={FIRST}", "name or token of another"),
        (f"first={FIRST},second=short", "too short"),
        (FIRST, "does not begin with a group"),
        (f"First Group={FIRST}", "does not begin with a group"),
    ],
)
def test_wrong_tokens_are_an_error_that_shows_none(
    tmp_path: Path, tokens: str, reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason) as error:
        read_worker_tokens(make_settings(tmp_path, tokens))
    assert FIRST not in str(error.value)


def test_a_worker_reads_the_token_of_its_group() -> None:
    variables = {"THESEUS_WORKER_TOKEN": FIRST, "THESEUS_TEMPORAL_API_KEY": "key"}
    secrets = read_worker_secrets(variables, "first")
    assert secrets.token.get_secret_value() == FIRST
    assert secrets.api_key is not None
    with pytest.raises(ConfigError, match="too short"):
        read_worker_secrets({}, "first")


def test_a_worker_has_an_account_at_the_store_only_if_both_keys_are_set() -> None:
    variables = {"THESEUS_WORKER_TOKEN": FIRST, "THESEUS_ARTEFACTS_ACCESS_KEY": "worker"}
    assert read_worker_secrets(variables, "first").store is None
    both = read_worker_secrets({**variables, "THESEUS_ARTEFACTS_SECRET_KEY": SECOND}, "first")
    assert both.store is not None
    assert both.store.secret_key.get_secret_value() == SECOND
    assert SECOND not in str(both)


@pytest.mark.parametrize(
    "name", ["DISCORD_TOKEN", "ANTHROPIC_API_KEY", "GITHUB_TOKEN", "THESEUS_WORKER_TOKENS"]
)
def test_a_worker_refuses_to_start_next_to_keys_of_the_bot(name: str) -> None:
    variables = {"THESEUS_WORKER_TOKEN": FIRST, name: "the value"}
    with pytest.raises(ConfigError, match=f"env -u {name}") as error:
        read_worker_secrets(variables, "first")
    assert "the value" not in str(error.value)
