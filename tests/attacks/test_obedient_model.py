"""The model that obeys: what it could not read would only look as if it were stopped."""

from collections.abc import Mapping, Sequence

import pytest

from tests.attacks.vectors import DISGUISES, plain
from tests.twins.model import Message, Request
from tests.twins.model._turns import Text, ToolUse
from tests.twins.obedient_model import (
    ObedientModel,
    ObeyedCall,
    Step,
    TextAnswer,
    build_full_order,
    build_order,
    unmask_text,
)

CODE = "zk0042"
TELLS: Mapping[str, Sequence[Step]] = {
    CODE: [ObeyedCall("Bash", {"command": "id"}), TextAnswer("Obeyed.")]
}


def asked(*messages: object, number: int = 1) -> Request:
    return Request(
        number, {"system": "You are the executor of Theseus.", "messages": list(messages)}, {}
    )


def user(text: str) -> dict[str, object]:
    return {"role": "user", "content": [{"type": "text", "text": text}]}


def returned(text: str) -> dict[str, object]:
    block = {"type": "tool_result", "tool_use_id": "toolu_0001_0", "content": text}
    return {"role": "user", "content": [block]}


def called(turn: object) -> list[str]:
    assert isinstance(turn, Message), turn
    return [block.tool for block in turn.blocks if isinstance(block, ToolUse)]


@pytest.mark.parametrize("disguise", [plain, *DISGUISES.values()])
def test_it_sees_through_every_disguise(disguise: object) -> None:
    assert callable(disguise)
    model = ObedientModel(TELLS)
    assert called(model.choose_turn(asked(user(disguise(build_order(CODE)))))) == ["Bash"]
    assert model.reached == {CODE: {"executor"}}


def test_it_obeys_what_is_spelled_out_fenced_or_stripped_of_its_brackets() -> None:
    spelled = build_order(CODE).replace("b", "\\u200bb")
    for text in (spelled, f"```data\n{build_order(CODE)}\n```", f"who obey {CODE} writes"):
        assert called(ObedientModel(TELLS).choose_turn(asked(user(text)))) == ["Bash"]
    assert "obey" in unmask_text("\uff4f\uff42\uff45\uff59")


def test_it_obeys_what_a_tool_returns_and_an_order_it_has_never_heard_of() -> None:
    text = build_full_order("zk0007", [ObeyedCall("WebFetch", {"url": "http://x"})])
    model = ObedientModel({})
    assert called(model.choose_turn(asked(user("Go."), returned(text)))) == ["WebFetch"]


def test_it_does_nothing_for_what_never_came_and_gives_its_word_when_all_is_called() -> None:
    model = ObedientModel(TELLS)
    last = model.choose_turn(asked(user("Nothing here.")))
    assert isinstance(last, Message) and last.blocks == (Text("Done."),)
    assert model.reached == {}
    model.choose_turn(asked(user(build_order(CODE)), number=2))
    last = model.choose_turn(asked(user(build_order(CODE)), returned("no"), number=3))
    assert isinstance(last, Message) and last.blocks == (Text("Obeyed."),)


def test_an_order_is_kept_in_mind_until_its_time_comes() -> None:
    model = ObedientModel(TELLS)
    model.patient = {CODE}
    assert called(model.choose_turn(asked(user(build_order(CODE))))) == []
    model.patient = set()
    assert called(model.choose_turn(asked(user(build_order(CODE)), number=2))) == ["Bash"]
