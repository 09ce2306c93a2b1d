"""Changed chat texts: the same conversation with base and head, and the difference."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.domain.account import Account
from bot.domain.change import ChangeSet
from bot.domain.cost import Cost
from bot.domain.errors import BudgetSpent, ConfigError, TheseusError
from bot.domain.proof import Proof
from bot.ports.chat_model import ChatModel
from bot.proof.preservation import ChangedText
from bot.proof.sample_conversations import SAMPLES, TextsOfChat
from bot.self_improvement.checks.conversation_check import ConversationCheck
from tests.fakes.fake_chat_model import FakeChatModel, ScriptedAction
from tests.fakes.fake_workspaces import FakeWorkspaces

PERSONA, PLANNER = "prompts/persona.md", "prompts/planner.md"
TALKS = "[[talk]]\nabout = 'hello'\nsays = ['hi', 'and you?']\n[[talk]]\nabout='x'\nsays=['bye']\n"
FILES = {PERSONA: "Kind.", PLANNER: "Plan.", SAMPLES: TALKS}
HOLDS = Proof(kind="words", holds=True, summary="1 file of words: holds")
ACCOUNT = Account(purpose="chat", person_id=7, run_id="run1")


class Models:
    """Opens a fake chat model for each commit's texts; `says` is what it answers by them."""

    def __init__(self, says: Callable[[TextsOfChat], list[ScriptedAction]]) -> None:
        self._says = says
        self.opened: list[FakeChatModel] = []
        self.texts: list[TextsOfChat] = []
        self.accounts: list[Account] = []

    def __call__(self, texts: TextsOfChat, account: Account) -> ChatModel:
        self.texts.append(texts)
        self.accounts.append(account)
        self.opened.append(FakeChatModel(self._says(texts)))
        return self.opened[-1]


def persona_said(texts: TextsOfChat) -> list[ScriptedAction]:
    """Answer the second message by the persona, all others alike."""
    return [ScriptedAction("Hi."), ScriptedAction(texts.prompts["persona"]), ScriptedAction("Bye.")]


@asynccontextmanager
async def proven(
    folder: Path,
    models: Models | None,
    written: Mapping[str, str],
    proof: Proof = HOLDS,
) -> AsyncIterator[Proof]:
    """Yield the proof of a change that writes these files."""
    workspaces = FakeWorkspaces(folder, FILES)
    async with workspaces.open("run1", base=workspaces.base) as workspace:
        for name, text in written.items():
            (workspace.path / name).parent.mkdir(exist_ok=True, parents=True)
            (workspace.path / name).write_text(text, "utf-8")
        head = await workspace.commit("Words.")
        change = ChangeSet(
            base=workspaces.base, head=head, branch=workspace.branch, engine="fake",
            summary="Words.", files=await workspace.list_changes(), diff=await workspace.get_diff(),
        )  # fmt: skip
        files = [
            ChangedText(path=name, before=FILES.get(name), after=written[name]) for name in written
        ]
        check = ConversationCheck(models)
        yield await check(proof, files, change, workspace, ACCOUNT)


async def test_answers_that_change_are_shown_before_and_after_and_others_are_not(
    tmp_path: Path,
) -> None:
    models = Models(persona_said)
    async with proven(tmp_path, models, {PERSONA: "Curt."}) as proof:
        assert proof.holds
    assert proof.summary.endswith("holds; 1 of 3 sample answers of the chat changes")
    assert proof.details[:2] == (
        "“and you?” is answered today: “Kind.”", "and then: “Curt.”",
    )  # fmt: skip
    assert "by chance" in proof.details[2]
    said = [[(turn.channel_id, turn.text) for turn in each.turns] for each in models.opened]
    assert said == [[(1, "hi"), (1, "and you?"), (2, "bye")]] * 2
    assert models.accounts == [ACCOUNT] * 2
    assert [each.hushed for each in models.opened] == [1, 1]


async def test_a_change_that_is_not_heard_says_so(tmp_path: Path) -> None:
    models = Models(lambda _: [ScriptedAction("Hello.")])
    async with proven(tmp_path, models, {PERSONA: "Kind!"}) as proof:
        assert proof.summary.endswith("none of 3 sample answers of the chat changes")
    assert proof.details == ()


@pytest.mark.parametrize(
    ("models", "written", "why"),
    [
        (None, {PERSONA: "Curt."}, "there is no chat model here"),
        (Models(persona_said), {PLANNER: "Plan well."}, "the chat does not use these texts"),
    ],
)
async def test_what_cannot_be_played_is_said_and_nothing_is_asked_of_a_model(
    tmp_path: Path, models: Models | None, written: dict[str, str], why: str
) -> None:
    async with proven(tmp_path, models, written) as proof:
        assert proof.holds
    assert proof.summary == f"{HOLDS.summary}; no sample conversation was held: {why}"
    assert models is None or models.opened == []


async def test_documents_and_what_does_not_hold_are_not_played(tmp_path: Path) -> None:
    models, broken = Models(persona_said), HOLDS.replace(holds=False)
    async with proven(tmp_path / "1", models, {"docs/x.md": "A page."}) as proof:
        assert proof == HOLDS
    async with proven(tmp_path / "2", models, {PERSONA: "$"}, broken) as proof:
        assert proof == broken
    assert models.opened == []


async def test_a_change_chooses_neither_its_own_samples_nor_what_is_done_by_them(
    tmp_path: Path,
) -> None:
    tools = [
        ("fix", "everything"),
        ("investigate", "it"),
        ("ask", "who?"),
        ("status", ""),
        ("read", ""),
    ]
    models = Models(lambda _: [ScriptedAction("Done.", tools=tools)])
    own = "[[talk]]\nabout = 'praise'\nsays = ['you are great']\n"
    async with proven(tmp_path, models, {PERSONA: "Curt.", SAMPLES: own}):
        pass
    (base, head) = models.opened
    assert [turn.text for turn in head.turns] == ["hi", "and you?", "bye"]
    assert all("only a sample" in result for result in (*base.results, *head.results))
    assert models.texts[1].prompts["persona"] == "Curt."


@pytest.mark.parametrize(
    ("error", "holds", "told"),
    [
        (BudgetSpent("The day's money is used up."), True, "The day's money is used up."),
        (ConfigError("prompts/persona.md: write $$"), False, "the chat cannot use these texts"),
    ],
)
async def test_a_spent_budget_is_said_and_words_that_cannot_be_used_are_no_proof(
    tmp_path: Path, error: TheseusError, holds: bool, told: str
) -> None:
    def says(texts: TextsOfChat) -> list[ScriptedAction]:
        base = texts.prompts["persona"] == "Kind."
        return (
            [ScriptedAction("Hi.")]
            if base
            else [ScriptedAction("Yo."), ScriptedAction(error=error)]
        )

    async with proven(tmp_path, Models(says), {PERSONA: "Curt."}) as proof:
        assert proof.holds is holds
    assert told in "\n".join((proof.summary, *proof.details))
    assert not holds or "1 of 1 sample answers" in proof.summary


async def test_no_message_is_said_once_they_have_cost_too_much(tmp_path: Path) -> None:
    models = Models(lambda _: [ScriptedAction("Hi.")])

    def dear(texts: TextsOfChat, account: Account) -> ChatModel:
        chat_model = models(texts, account)
        models.opened[-1].spends = Cost(cost_usd=0.4)
        return chat_model

    workspaces_folder = tmp_path / "dear"
    async with proven(workspaces_folder, dear, {PERSONA: "Curt."}) as proof:  # type: ignore[arg-type]
        assert "cost more than" in "\n".join((proof.summary, *proof.details))
    assert [len(each.turns) for each in models.opened] == [2, 1]
