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
from bot.ports.chat_model import ChatModel, ChatTurn, Said
from bot.ports.workspace import Workspace
from bot.proof.preservation import ChangedText
from bot.proof.sample_conversations import (
    SAMPLES,
    Answered,
    SampleTalk,
    TextsOfChat,
    changed_answers,
    read_samples,
    same_for_chat,
    text_files,
)

MOST_USD = 1.0
"""Dollars after which no further message is said, of both sides together."""
PATIENCE = 240.0
"""Seconds that all conversations of both sides may take."""

_SOMEBODY = Person(id=1, name="Robin")
_ONLY_PLAYED = "This talk is only played to see how it sounds: nothing was begun or looked up."
_CHANCE = "a model's words also differ by chance from one time to the next"

OpenChat = Callable[[TextsOfChat, Account], ChatModel]
"""Returns a chat model that goes by those texts, and is charged to that account."""


class PlayedTools:
    """Implements `bot.ports.chat_model.ChatTools` for a talk in which nothing is done."""

    async def investigate(self, what: str) -> str:
        """Begin nothing."""
        return _ONLY_PLAYED

    async def fix(self, what: str) -> str:
        """Begin nothing."""
        return _ONLY_PLAYED

    async def change(self, what: str) -> str:
        """Begin nothing."""
        return _ONLY_PLAYED

    async def status(self) -> str:
        """Look nothing up: what is under way is nobody's sample."""
        return _ONLY_PLAYED

    async def ask(self, question: str) -> str:
        """Look nothing up."""
        return _ONLY_PLAYED

    async def read(self) -> None:
        """Raise `NotAuthorized`: journal and memory hold what people wrote."""
        raise NotAuthorized(_ONLY_PLAYED)


@dataclass
class _Played:
    """What the words of base and of head answered, as far as it came, and what it cost."""

    base: list[Answered] = field(default_factory=list)
    head: list[Answered] = field(default_factory=list)
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
            await _texts(workspace, commit, paths)
            for commit, paths in await _commits(files, change, workspace)
        ]
        if same_for_chat(base, head):
            return _not_played(proof, "no talk goes by these words")
        if self._open_chat is None:
            return _not_played(proof, "there is no chat model here")
        try:
            talks = read_samples(await workspace.read_base(SAMPLES) or "")
        except ConfigError as error:
            return _not_played(proof, str(error))
        if not talks:
            return _not_played(proof, f"`{SAMPLES}` holds none")
        models = [self._open_chat(texts, account) for texts in (base, head)]
        return _shown(proof, await _played(models[0], models[1], talks))


async def _commits(
    files: Sequence[ChangedText], change: ChangeSet, workspace: Workspace
) -> tuple[tuple[str, list[str]], ...]:
    """Return base and head, each with the paths of its files."""
    base = await workspace.base_files()
    gone = {each.path for each in files if each.after is None}
    head = {*base, *(each.path for each in files)} - gone
    return (change.base, sorted(base)), (change.head, sorted(head))


async def _texts(workspace: Workspace, commit: str, paths: Sequence[str]) -> TextsOfChat:
    """Return the words in a commit: what git holds, so that a link leads nowhere."""
    read = {path: await workspace.read_at(commit, path) for path in text_files(paths)}
    known = {path: text for path, text in read.items() if text is not None}
    prompts = {
        path.removeprefix("prompts/").removesuffix(".md"): text
        for path, text in known.items()
        if path.count("/") == 1
    }
    return TextsOfChat(prompts, {path: text for path, text in known.items() if path.count("/") > 1})


async def _played(base: ChatModel, head: ChatModel, talks: Sequence[SampleTalk]) -> _Played:
    """Have each talk with both, one after the other; at trouble there is what came by then."""
    played = _Played()
    try:
        async with asyncio.timeout(PATIENCE):
            for number, talk in enumerate(talks, 1):
                await _have(base, number, talk, played.base, played)
                played.unusable = True  # until it has answered
                await _have(head, number, talk, played.head, played)
                played.unusable = False
    except ConfigError as error:
        played.trouble = str(error)
        return played
    except (AgentError, BudgetSpent, Stopped) as error:
        played.trouble = str(error)
    except TimeoutError:
        played.trouble = f"they took longer than {PATIENCE:.0f} s"
    finally:
        await asyncio.gather(base.hush(), head.hush())
    played.unusable = False
    return played


async def _have(
    chat_model: ChatModel, number: int, talk: SampleTalk, answers: list[Answered], played: _Played
) -> None:
    """Have one talk, in a channel of its own. Raises what the model raises, and `BudgetSpent`."""
    for said in talk.says:
        if played.usd >= MOST_USD:
            raise BudgetSpent(f"they cost more than ${MOST_USD:.2f}")
        answer, cost = await _answer(chat_model, number, said, len(answers) + 1)
        played.usd += cost
        answers.append(Answered(said, answer))


async def _answer(
    chat_model: ChatModel, channel: int, said: str, message: int
) -> tuple[str, float]:
    """Return the answer to one message and its dollars; each talk has a channel of its own."""
    turn = ChatTurn(channel_id=channel, message_id=message, person=_SOMEBODY, text=said)
    text, cost = "", 0.0
    async with aclosing(chat_model.talk(turn, PlayedTools())) as answer:
        async for each in answer:
            cost = each.cost_usd
            text = each.text if isinstance(each, Said) else text
    return text, cost


def _shown(proof: Proof, played: _Played) -> Proof:
    if played.unusable:
        return proof.but(holds=False, told=f"no talk can go by these words: {played.trouble}")
    both = min(len(played.base), len(played.head))
    if not both:
        return _not_played(proof, played.trouble or "nobody answered")
    lines = changed_answers(played.base, played.head)
    count = len(lines) // 2
    some = f"{count} of" if count else "none of"
    verb = "change" if count > 1 else "changes"
    told = f"{some} {both} sample answers of the chat {verb}"
    more = list(lines)
    more += [f"({_CHANCE})"] if count else []
    more += [f"not all were played: {played.trouble}"] if played.trouble else []
    return proof.but(told=f"{proof.told}; {told}", details=(*proof.details, *more))


def _not_played(proof: Proof, why: str) -> Proof:
    return proof.but(told=f"{proof.told}; no sample conversation was played: {why}")
