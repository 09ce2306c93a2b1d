"""Requests for older versions in text: recognised by form and names, and by nothing similar."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.live_items import ItemName
from bot.grammar import COMMAND_LINE, Intent, parse
from bot.hot_reload.catalog import Catalog
from tests.support.yaml_tables import read_table

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[2]
TABLE: list[dict[str, Any]] = read_table(FOLDER / "rollbacks.yaml")
UNSEEN: list[dict[str, Any]] = read_table(FOLDER / "rollbacks_unseen.yaml")
ITEMS = tuple(
    ItemName(kind=kind, name=name)
    for kind, name in Catalog(ROOT, ROOT / "data" / "config.yaml").locate()
)
HERE = COMMAND_LINE.replace(items=ITEMS)
WORDS = st.sampled_from(
    """roll back the persona rolled revert undo to version 2 v3 last change of your chat prompt
    skill triage not don't if never please bob said yesterday it again ? , : " ` > no""".split()  # noqa: SIM905
)


def _misread(group: dict[str, Any], said: Any) -> str:
    """Return how a sentence is understood that is not meant so; nothing where it is."""
    told = said if isinstance(said, dict) else {"text": said}
    heard = parse(told["text"], HERE)
    wish = heard.slots.rollback
    if group.get("none") or group.get("revert"):
        decides = not group.get("none") and heard.intent not in (Intent.UNCLEAR, Intent.REVERT)
        return f"{told}: {heard!r}" if heard.intent is Intent.ROLL_BACK or decides else ""
    right = wish is not None and heard.language == group.get("language", "en")
    if wish is not None and told["item"]:
        right = right and [(each.kind, each.name) for each in wish.items] == [tuple(told["item"])]
    if wish is not None:
        right = right and wish.number == told.get("number") and told.get("when", "") in wish.span
    return "" if right else f"{told}: {heard!r}"


def test_what_should_go_back_and_what_only_sounds_like_it_are_told_apart() -> None:
    wrong = [_misread(group, said) for group in (*TABLE, *UNSEEN) for said in group["said"]]
    assert [each for each in wrong if each] == []


@pytest.mark.parametrize(
    "text",
    [
        "roll the persona back", "Theseus, please roll back the persona.",
        "undo the persona change",
        "revert the persona to the previous version!", "roll persona back to version 3 please",
        "undo the last change of your chat prompt", "set the triage skill back to v2, thanks",
    ],
)  # fmt: skip
def test_a_plain_order_that_names_one_thing_decides(text: str) -> None:
    wish = parse(text, HERE).slots.rollback
    assert wish is not None and wish.decides


@pytest.mark.parametrize(
    "mark", ['"', "`", "?", " ✗", " not", "> ", "(no)", " \u200b", " 👎", "~~"]
)
def test_one_sign_more_and_nothing_is_decided(mark: str) -> None:
    for text in (f"roll the persona back{mark}", f"{mark}roll the persona back"):
        wish = parse(text, HERE).slots.rollback
        assert wish is None or not wish.decides, text


@pytest.mark.parametrize(
    "setting",
    [
        HERE.replace(addressed=False), HERE.replace(in_thread=True),
        HERE.replace(reply_to="proposal"),
        HERE.replace(reply_to="person", addressed=False), HERE.replace(is_text_only=False),
        HERE.replace(reply_to="bot"), HERE.replace(reply_to="error"),
    ],
)  # fmt: skip
def test_it_decides_only_where_it_is_said_to_the_bot_and_stands_alone(setting: Any) -> None:
    heard = parse("roll the persona back", setting)
    assert heard.slots.rollback is None or not heard.slots.rollback.decides


def test_where_nothing_can_be_rolled_back_there_is_no_such_request() -> None:
    assert parse("roll the persona back", COMMAND_LINE).intent is not Intent.ROLL_BACK


@given(st.lists(WORDS, max_size=9).map(" ".join))
def test_whatever_decides_is_one_order_of_plain_words_that_names_one_thing(text: str) -> None:
    wish = parse(text, HERE).slots.rollback
    if wish is None or not wish.decides:
        return
    assert len(wish.items) == 1
    assert not {"not", "don't", "if", "never", "said", "rolled", "yesterday", "no"} & set(
        text.split()
    )
    assert not set('"`>?:') & set(text)
