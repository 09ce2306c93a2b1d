"""Holds sample conversations with the chat model, with the prompts of base and of head."""

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
"""Dollars for both sides together, after which no further message is sent."""
PATIENCE = 240.0
"""Seconds that all conversations of both sides may take."""

_SAMPLE_PERSON = Person(id=1, name="Robin")
_SAMPLE_NOTICE = "This is only a sample conversation: nothing was started or looked up."
_CHANCE = "a model's answers also differ by chance"

OpenChat = Callable[[TextsOfChat, Account], ChatModel]
"""Returns a chat model that uses those texts and is charged to that account."""


class SampleTools:
    """Implements `bot.ports.chat_model.ChatTools` without any effect, for sample conversations."""

    async def investigate(self, what: str) -> str:
        """Start nothing."""
        return _SAMPLE_NOTICE

    async def fix(self, what: str) -> str:
        """Start nothing."""
        return _SAMPLE_NOTICE

    async def change(self, what: str) -> str:
        """Start nothing."""
        return _SAMPLE_NOTICE

    async def get_status(self) -> str:
        """Look up nothing, because real runs do not belong in a sample."""
        return _SAMPLE_NOTICE

    async def ask(self, question: str) -> str:
        """Look up nothing."""
        return _SAMPLE_NOTICE

    async def read(self) -> None:
        """Raise `NotAuthorized`: journal and memory contain what people wrote."""
        raise NotAuthorized(_SAMPLE_NOTICE)


@dataclass
class _TalkResults:
    """The answers with the prompts of base and of head so far, and their cost."""

    base: list[SampleAnswer] = field(default_factory=list)
    head: list[SampleAnswer] = field(default_factory=list)
    usd: float = 0.0
    trouble: str = ""
    unusable: bool = False
    """True if the chat model cannot use head's prompts."""


@dataclass(frozen=True, eq=False)
class ConversationCheck:
    """Sends the same messages with base's and head's prompts, and shows changed answers.

    Without `open_chat` there is no model, and the proof says that nothing was run.
    """

    open_chat: OpenChat | None = None

    async def __call__(
        self,
        proof: Proof,
        files: Sequence[ChangedText],
        change: ChangeSet,
        workspace: Workspace,
        account: Account,
    ) -> Proof:
        """Return the proof with the result of the conversations. Raises `WorkspaceError`.

        A proof that does not hold is returned unchanged. If the chat model does not use the changed
        prompts, the proof only says so. Prompts that the chat model cannot use make the proof fail.
        """
        if not proof.holds or not any(each.path.startswith("prompts/") for each in files):
            return proof
        base, head = [
            await read_texts(workspace, commit, paths)
            for commit, paths in await _list_versions(files, change, workspace)
        ]
        if has_same_chat_texts(base, head):
            return _note_no_talks(proof, "the chat does not use these texts")
        if self.open_chat is None:
            return _note_no_talks(proof, "there is no chat model here")
        try:
            talks = read_samples(await workspace.read_base(SAMPLES) or "")
        except ConfigError as error:
            return _note_no_talks(proof, str(error))
        if not talks:
            return _note_no_talks(proof, f"`{SAMPLES}` holds none")
        models = [self.open_chat(texts, account) for texts in (base, head)]
        return _add_talks(proof, await _run_talks(models[0], models[1], talks))


async def _list_versions(
    files: Sequence[ChangedText], change: ChangeSet, workspace: Workspace
) -> tuple[tuple[str, list[str]], ...]:
    """Return base and head, each with the paths of its files."""
    base = await workspace.list_base_files()
    deleted = {each.path for each in files if each.after is None}
    head = {*base, *(each.path for each in files)} - deleted
    return (change.base, sorted(base)), (change.head, sorted(head))


async def read_texts(workspace: Workspace, commit: str, paths: Sequence[str]) -> TextsOfChat:
    """Return the chat's texts in a commit, read from git so that links are not followed."""
    read = {path: await workspace.read_at(commit, path) for path in select_text_files(paths)}
    known = {path: text for path, text in read.items() if text is not None}
    prompts = {
        path.removeprefix("prompts/").removesuffix(".md"): text
        for path, text in known.items()
        if path.count("/") == 1
    }
    return TextsOfChat(prompts, {path: text for path, text in known.items() if path.count("/") > 1})


async def _run_talks(base: ChatModel, head: ChatModel, talks: Sequence[SampleTalk]) -> _TalkResults:
    """Hold each talk with both models in turn; after an error, return the answers so far."""
    results = _TalkResults()
    try:
        async with asyncio.timeout(PATIENCE):
            for number, talk in enumerate(talks, 1):
                await _run_talk(base, number, talk, results.base, results)
                results.unusable = (
                    True  # until head has answered; an error before that is head's fault
                )
                await _run_talk(head, number, talk, results.head, results)
                results.unusable = False
    except ConfigError as error:
        results.trouble = str(error)
        return results
    except (AgentError, BudgetSpent, Stopped) as error:
        results.trouble = str(error)
    except TimeoutError:
        results.trouble = f"they took longer than {PATIENCE:.0f} s"
    finally:
        await asyncio.gather(base.cancel_turns(), head.cancel_turns())
    results.unusable = False
    return results


async def _run_talk(
    chat_model: ChatModel,
    number: int,
    talk: SampleTalk,
    answers: list[SampleAnswer],
    results: _TalkResults,
) -> None:
    """Hold one talk in its own channel. Raises what the model raises, and `BudgetSpent`."""
    for message in talk.says:
        if results.usd >= MOST_USD:
            raise BudgetSpent(f"they cost more than ${MOST_USD:.2f}")
        answer, cost = await _answer(chat_model, number, message, len(answers) + 1)
        results.usd += cost
        answers.append(SampleAnswer(message, answer))


async def _answer(
    chat_model: ChatModel, channel: int, prompt: str, message: int
) -> tuple[str, float]:
    """Return the answer to one message and its cost in dollars; each talk has its own channel."""
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
            holds=False, summary=f"the chat cannot use these texts: {results.trouble}"
        )
    both = min(len(results.base), len(results.head))
    if not both:
        return _note_no_talks(proof, results.trouble or "nobody answered")
    lines = describe_changed_answers(results.base, results.head)
    count = len(lines) // 2
    amount = f"{count} of" if count else "none of"
    verb = "change" if count > 1 else "changes"
    comparison = f"{amount} {both} sample answers of the chat {verb}"
    details = list(lines)
    details += [f"({_CHANCE})"] if count else []
    details += [f"not all conversations were held: {results.trouble}"] if results.trouble else []
    return proof.replace(
        summary=f"{proof.summary}; {comparison}", details=(*proof.details, *details)
    )


def _note_no_talks(proof: Proof, why: str) -> Proof:
    return proof.replace(summary=f"{proof.summary}; no sample conversation was held: {why}")
