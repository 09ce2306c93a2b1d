"""Pseudonyms and the secret behind them."""

import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from theseus_observe.pseudonyms import build_pseudonym

from bot.domain.errors import ConfigError
from bot.telemetry import load_secret


def test_a_pseudonym_is_stable_and_says_nothing_of_the_person() -> None:
    secret = b"s" * 32
    name = build_pseudonym(2**62, secret)
    assert re.fullmatch(r"u-[0-9a-f]{12}", name)
    assert name == build_pseudonym(2**62, secret)
    assert name != build_pseudonym(2**62, b"t" * 32)
    assert name != build_pseudonym(2**62 + 1, secret)


def test_the_secret_is_made_once_and_only_its_user_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "pseudonym.key"
    secret = load_secret(path)
    assert len(secret) == 32
    assert load_secret(path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_many_that_start_at_once_get_the_same_secret(tmp_path: Path) -> None:
    path = tmp_path / "pseudonym.key"
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(load_secret, [path] * 50))) == 1


@pytest.mark.parametrize("text", ["", "short", "zz" * 32, "ab" * 31, "☂"])
def test_a_damaged_secret_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pseudonym.key"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"pseudonym\.key is not 32 bytes"):
        load_secret(path)


def test_a_folder_that_cannot_hold_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(ConfigError, match="THESEUS_STATE"):
        load_secret(tmp_path / "state" / "pseudonym.key")
