"""Templates in prompts/ are filled completely, or not at all."""

from pathlib import Path

import pytest

from bot.domain.errors import ConfigError
from bot.prompts import Prompts

ROOT = Path(__file__).resolve().parents[2]


def prompts(folder: Path, text: str) -> Prompts:
    (folder / "card.md").write_text(text, encoding="utf-8")
    return Prompts(folder)


def test_placeholders_are_filled(tmp_path: Path) -> None:
    assert prompts(tmp_path, "$who said ${what}s").render("card", who="Ann", what="word") == (
        "Ann said words"
    )


def test_values_may_hold_anything_and_are_not_filled_again(tmp_path: Path) -> None:
    filled = prompts(tmp_path, "$cause").render("card", cause="$who costs 5 $ {x} $$")
    assert filled == "$who costs 5 $ {x} $$"


def test_a_doubled_dollar_is_one(tmp_path: Path) -> None:
    assert prompts(tmp_path, "5 $$").render("card") == "5 $"


def test_a_placeholder_without_a_value_is_named_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"card\.md: the placeholder \$why .* known: what, who"):
        prompts(tmp_path, "$who $why").render("card", who="Ann", what="x")


def test_a_lonely_dollar_is_told_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"card\.md: .*line 2.*\$\$"):
        prompts(tmp_path, "fine\n5 $ only").render("card")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"card\.md cannot be read"):
        Prompts(tmp_path).render("card")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "card.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"card\.md cannot be read"):
        Prompts(tmp_path).render("card")


def test_an_edit_counts_at_once(tmp_path: Path) -> None:
    known = prompts(tmp_path, "one")
    assert known.render("card") == "one"
    prompts(tmp_path, "two")
    assert known.render("card") == "two"


def test_the_pull_request_has_the_parts_it_is_known_for() -> None:
    parts = (
        "learned", "cause", "change", "files", "behaviour", "tests", "risk", "rollback", "evidence",
    )  # fmt: skip
    body = Prompts(ROOT / "prompts").render("pull_request", **{part: f"<{part}>" for part in parts})
    assert [part for part in parts if f"<{part}>" not in body] == []
