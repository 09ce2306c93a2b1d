"""Suggested sentences are on the list of sentences, and the documents show the same list."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.authority.decision_sentences import OPENINGS, SENTENCES
from bot.grammar import COMMAND_LINE, Intent, parse

ROOT = Path(__file__).resolve().parents[3]
THREAD = COMMAND_LINE.replace(in_thread=True)
SPOKEN_OF = {
    "While we deploy", "we deploy", "pause for 2 hours, we deploy", "looks good to me, thanks!",
    "lgtm, send it", "don't ship it",
    "go ahead",  # heard where a run waits for just that, and asked back elsewhere
    "yes, do that",  # said to the bot; asked back in a run's thread
    "slower accepted",  # a part of a longer sentence
    "To do",  # a heading
    "Approve and ship",  # a button of a page
    "Not now", "Please", *(each for openings in OPENINGS.values() for each in openings),
    *(each for said in SENTENCES.values() for each in said if "{" in each),
}  # fmt: skip
"""Quoted in texts about what people say; nobody is told to say it to decide something."""

_QUOTED = re.compile(r"“([^”\n]{2,60})”")
_MAY_QUOTE = re.compile(r"“|\\[uUN]")  # the sign, or an escape that may stand for it


def _texts() -> Iterator[tuple[str, str]]:
    for folder in ("bot", "cogs"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            source = file.read_text("utf-8")
            if not _MAY_QUOTE.search(source):
                continue
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield file.name, node.value
    pages = (*(ROOT / "docs").glob("*.md"), *(ROOT / "prompts").rglob("*.md"))
    for file in (ROOT / "README.md", *pages):
        yield file.name, file.read_text("utf-8")


def test_every_sentence_that_people_are_told_decides_where_they_are_told() -> None:
    told = {(quoted, name) for name, text in _texts() for quoted in _QUOTED.findall(text)}
    intents = {each: parse(each[0], THREAD).intent for each in told if each[0] not in SPOKEN_OF}

    assert [each for each, intent in intents.items() if intent is Intent.UNCLEAR] == []
    deciding = {quoted.lower() for (quoted, _), intent in intents.items() if intent in SENTENCES}
    assert {"ship it", "ship it, security reviewed", "reject", "cancel", "revert it", "resume",
            "resume everything", "stop everything"} <= deciding  # fmt: skip


@pytest.mark.parametrize("intent", SENTENCES)
def test_each_sentence_of_the_list_decides_what_it_stands_under(intent: Intent) -> None:
    filled = {"{named}": ("#12", "proposal 12", "run 7k2m9q"), "{until}": ("2 hours", "18:00")}
    for sentence in SENTENCES[intent]:
        place = next((each for each in filled if each in sentence), "")
        for what in filled.get(place, ("",)):
            said = sentence.replace(place, what) if place else sentence
            for opening in ("", *OPENINGS.get(intent, ())):
                text = f"{opening}, {said}" if opening else said
                if said != "🚢" or not opening:
                    assert parse(text, THREAD).intent is intent, text


def test_the_sentences_are_documented_as_they_are() -> None:
    text = (ROOT / "docs" / "approvals.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| (\w+) \| ((?:“[^”]+”(?:, )?)+) \|$", text, re.MULTILINE))

    assert {name: tuple(re.findall(r"“([^”]+)”", row)) for name, row in rows.items()} == {
        intent.value: said for intent, said in SENTENCES.items()
    }
