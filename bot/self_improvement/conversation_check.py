"""Sample conversations with the chat model, by the words of base and by those of head."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from bot.domain.account import Account
from bot.domain.change import ChangeSet
from bot.domain.errors import (
    AgentError,
    BudgetSpent,
    ConfigError,
    NotAuthorized,
    Stopped,
)
from bot.domain.people import Person
from bot.domain.proof import Proof
from bot.ports.chat_model import ChatModel, ChatTurn, FinalReply
from bot.ports.workspace import Workspace
from bot.proof.preservation import ChangedText
from bot.proof.sample_conversations import (
    SAMPLES,
    SampleAnswer,
    SampleTalk,
    TextsOfChat,
    describe_changed_answers,
    has_same_chat_texts,
    read_samples,
    select_text_files,
)

MOST_USD = 1.0
"""Dollars after which no further message is said, of both sides together."""
PATIENCE = 240.0
"""Seconds that all conversations of both sides may take."""

_SAMPLE_PERSON = Person(id=1, name="Robin")
_SAMPLE_NOTICE = "This talk is only played to see how it sounds: nothing was begun or looked up."
_CHANCE = "a model's words also differ by chance from one time to the next"

OpenChat = Callable[[TextsOfChat, Account], ChatModel]
"""Returns a chat model that goes by those texts, and is charged to that account."""


class SampleTools:
    """Implements `bot.ports.chat_model.ChatTools` for a talk in which nothing is done."""

    async def investigate(self, what: str) -> str:
        """Begin nothing."""
        return _SAMPLE_NOTICE

    async def fix(self, what: str) -> str:
        """Begin nothing."""
        return _SAMPLE_NOTICE

    async def change(self, what: str) -> str:
        """Begin nothing."""
        return _SAMPLE_NOTICE

    async def get_status(self) -> str:
        """Look nothing up: what is under way is nobody's sample."""
        return _SAMPLE_NOTICE

    async def ask(self, question: str) -> str:
        """Look nothing up."""
        return _SAMPLE_NOTICE

    async def read(self) -> None:
        """Raise `NotAuthorized`: journal and memory hold what people wrote."""
        raise NotAuthorized(_SAMPLE_NOTICE)


@dataclass
class _TalkResults:
    """What the words of base and of head answered, as far as it came, and what it cost."""

    base: list[SampleAnswer] = field(default_factory=list)
    head: list[SampleAnswer] = field(default_factory=list)
    usd: float = 0.0
    trouble: str = ""
    unusable: bool = False
    """A talk cannot go by head's words."""


class ConversationCheck:
    """Says the same to the chat model with base's words and with head's; shows what changes.

    Without `open_chat` there is no model here, and it says that nothing was played.
    """

    def __init__(self, open_chat: OpenChat | None = None) -> None:
        self._open_chat = open_chat

    async def __call__(
        self,
        proof: Proof,
        files: Sequence[ChangedText],
        change: ChangeSet,
        workspace: Workspace,
        account: Account,
    ) -> Proof:
        """Return the proof with what became of the conversations. Raises `WorkspaceError`.

        A proof that does not hold is returned as it is, and so is one of words that no chat model
        goes by, with that said of prompts. Words that a chat model cannot use are no proof.
        """
        if not proof.holds or not any(each.path.startswith("prompts/") for each in files):
            return proof
        base, head = [
            await _read_texts(workspace, commit, paths)
            for commit, paths in await _list_versions(files, change, workspace)
        ]
        if has_same_chat_texts(base, head):
            return _note_no_talks(proof, "no talk goes by these words")
        if self._open_chat is None:
            return _note_no_talks(proof, "there is no chat model here")
        try:
            talks = read_samples(await workspace.read_base(SAMPLES) or "")
        except ConfigError as error:
            return _note_no_talks(proof, str(error))
        if not talks:
            return _note_no_talks(proof, f"`{SAMPLES}` holds none")
        models = [self._open_chat(texts, account) for texts in (base, head)]
        return _add_talks(proof, await _run_talks(models[0], models[1], talks))


async def _list_versions(
    files: Sequence[ChangedText], change: ChangeSet, workspace: Workspace
) -> tuple[tuple[str, list[str]], ...]:
    """Return base and head, each with the paths of its files."""
    base = await workspace.list_base_files()
    gone = {each.path for each in files if each.after is None}
    head = {*base, *(each.path for each in files)} - gone
    return (change.base, sorted(base)), (change.head, sorted(head))


async def _read_texts(workspace: Workspace, commit: str, paths: Sequence[str]) -> TextsOfChat:
    """Return the words in a commit: what git holds, so that a link leads nowhere."""
    read = {path: await workspace.read_at(commit, path) for path in select_text_files(paths)}
    known = {path: text for path, text in read.items() if text is not None}
    prompts = {
        path.removeprefix("prompts/").removesuffix(".md"): text
        for path, text in known.items()
        if path.count("/") == 1
    }
    return TextsOfChat(prompts, {path: text for path, text in known.items() if path.count("/") > 1})


async def _run_talks(base: ChatModel, head: ChatModel, talks: Sequence[SampleTalk]) -> _TalkResults:
    """Have each talk with both, one after the other; at trouble there is what came by then."""
    played = _TalkResults()
    try:
        async with asyncio.timeout(PATIENCE):
            for number, talk in enumerate(talks, 1):
                await _run_talk(base, number, talk, played.base, played)
                played.unusable = True  # until it has answered
                await _run_talk(head, number, talk, played.head, played)
                played.unusable = False
    except ConfigError as error:
        played.trouble = str(error)
        return played
    except (AgentError, BudgetSpent, Stopped) as error:
        played.trouble = str(error)
    except TimeoutError:
        played.trouble = f"they took longer than {PATIENCE:.0f} s"
    finally:
        await asyncio.gather(base.cancel_turns(), head.cancel_turns())
    played.unusable = False
    return played


async def _run_talk(
    chat_model: ChatModel,
    number: int,
    talk: SampleTalk,
    answers: list[SampleAnswer],
    results: _TalkResults,
) -> None:
    """Have one talk, in a channel of its own. Raises what the model raises, and `BudgetSpent`."""
    for said in talk.says:
        if results.usd >= MOST_USD:
            raise BudgetSpent(f"they cost more than ${MOST_USD:.2f}")
        answer, cost = await _answer(chat_model, number, said, len(answers) + 1)
        results.usd += cost
        answers.append(SampleAnswer(said, answer))


async def _answer(
    chat_model: ChatModel, channel: int, prompt: str, message: int
) -> tuple[str, float]:
    """Return the answer to one message and its dollars; each talk has a channel of its own."""
    turn = ChatTurn(channel_id=channel, message_id=message, person=_SAMPLE_PERSON, text=prompt)
    text, cost = "", 0.0
    async with aclosing(chat_model.talk(turn, SampleTools())) as answer:
        async for each in answer:
            cost = each.cost_usd
            text = each.text if isinstance(each, FinalReply) else text
    return text, cost


def _add_talks(proof: Proof, results: _TalkResults) -> Proof:
    if results.unusable:
        return proof.replace(
            holds=False, summary=f"no talk can go by these words: {results.trouble}"
        )
    both = min(len(results.base), len(results.head))
    if not both:
        return _note_no_talks(proof, results.trouble or "nobody answered")
    lines = describe_changed_answers(results.base, results.head)
    count = len(lines) // 2
    some = f"{count} of" if count else "none of"
    verb = "change" if count > 1 else "changes"
    told = f"{some} {both} sample answers of the chat {verb}"
    more = list(lines)
    more += [f"({_CHANCE})"] if count else []
    more += [f"not all were played: {results.trouble}"] if results.trouble else []
    return proof.replace(summary=f"{proof.summary}; {told}", details=(*proof.details, *more))


def _note_no_talks(proof: Proof, why: str) -> Proof:
    return proof.replace(summary=f"{proof.summary}; no sample conversation was played: {why}")
