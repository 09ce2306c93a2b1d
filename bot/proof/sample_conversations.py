"""Sample conversations for the chat model, and which answers have changed."""

import tomllib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pydantic import Field, ValidationError
from theseus_guard.record import Record

from bot.domain.errors import ConfigError
from bot.domain.skill import FOLDER
from bot.skills import build_skills

SAMPLES = "data/sample_conversations.toml"
"""The path of the samples, from the root; read at base, so that no change chooses its own."""

_LONGEST = 110
"""Characters of an answer that are shown; a line of a card has room for 300."""
_OF_THE_CHAT = ("persona", "charter", "chat", "chat_before", "chat_turn", "skill_list")


class SampleTalk(Record):
    """One conversation: a person's messages, in order."""

    about: str = Field(min_length=1, max_length=100)
    says: tuple[str, ...] = Field(min_length=1, max_length=2)


class _Samples(Record):
    talk: tuple[SampleTalk, ...] = Field(default=(), max_length=4)


class TextsOfChat(NamedTuple):
    """The texts that instruct the chat model in a commit: prompts by name, skill files by path."""

    prompts: Mapping[str, str]
    skill_files: Mapping[str, str]


class SampleAnswer(NamedTuple):
    """A message and its answer."""

    message: str
    answer: str


def read_samples(text: str) -> tuple[SampleTalk, ...]:
    """Return the conversations in a file's text. Raises `ConfigError` that names the file."""
    try:
        return _Samples.model_validate(tomllib.loads(text)).talk
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        first = str(error).splitlines()[0]
        raise ConfigError(f"{SAMPLES}: {first}: fix it, or restore it from git.") from error


def has_same_chat_texts(one: TextsOfChat, other: TextsOfChat) -> bool:
    """Return whether the chat model has equal texts: its prompts, and the skills it can use."""
    prompts = all(one.prompts.get(name) == other.prompts.get(name) for name in _OF_THE_CHAT)
    skills = [build_skills(each.skill_files).list_for_role("chat") for each in (one, other)]
    return prompts and skills[0] == skills[1]


def select_text_files(paths: Sequence[str]) -> tuple[str, ...]:
    """Return the prompts and skill files among paths."""
    flat = (path for path in paths if path.startswith("prompts/") and path.endswith(".md"))
    inside = (path for path in paths if path.startswith(f"{FOLDER}/"))
    return tuple(dict.fromkeys((*flat, *inside)))


def describe_changed_answers(
    before: Sequence[SampleAnswer], after: Sequence[SampleAnswer]
) -> tuple[str, ...]:
    """Return two lines for each changed answer; spaces and line ends do not count."""
    lines = []
    for old, new in zip(before, after, strict=False):
        if old.answer.split() != new.answer.split():
            lines.append(f"“{_cut(old.message)}” is answered today: “{_cut(old.answer)}”")
            lines.append(f"and then: “{_cut(new.answer)}”")
    return tuple(lines)


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST else f"{flat[: _LONGEST - 1]}…"
