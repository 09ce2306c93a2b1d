"""What is known of each language: its words and phrases, read from `languages/`."""

import re
import tomllib
import unicodedata
from functools import cache, cached_property
from importlib.resources import files

from pydantic import Field

from bot.domain.intents import Topic
from bot.domain.record import Record

_FOLDER = "languages"
TOKEN = re.compile("/[\\w-]+|\ue000\\d{1,4}\ue001|\\w+")
_GAP = r"(?: \S+){0,8}?"
_TRANSLITERATION = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "œ": "oe"})
ENGLISH = "en"


class _Asks(Record):
    """Phrases by what they ask for."""

    fix: tuple[str, ...]
    investigate: tuple[str, ...]
    change: tuple[str, ...]
    part_change: tuple[str, ...] = ()
    """Of a change where a command or one of the things is named as well."""
    revise: tuple[str, ...]
    status: tuple[str, ...]
    budget: tuple[str, ...]


class _Reports(Record):
    broken: tuple[str, ...]


class Decides(Record):
    """Phrases that decide in their language, and are only asked back here."""

    ship: tuple[str, ...]
    reject: tuple[str, ...]
    revert: tuple[str, ...]
    cancel: tuple[str, ...]
    stop: tuple[str, ...]
    pause: tuple[str, ...]
    resume: tuple[str, ...]


class Language(Record):
    """One file of `languages/`. It is known by its `common` words, which are part of no subject,
    and by those of its phrases; `things` are what its nouns are called in the code."""

    name: str
    common: str
    rollback: tuple[str, ...] = ()
    """Phrases that want an older text live, and the words that versions are told with."""
    versions: str = ""
    work: str = ""
    """Words that name what is decided about ("the last change"); they add nothing to a decision."""
    assent: str = ""
    """Words of a message that only agrees."""
    asks: _Asks | None = None
    reports: _Reports | None = None
    decides: Decides | None = None
    questions: dict[Topic, tuple[str, ...]] = Field(default_factory=dict)
    """Phrases that ask about the bot itself, by topic."""
    times: dict[str, str] = Field(default_factory=dict)
    """Times as English says them: `"diese woche" = "this week"`."""
    replies: dict[str, str] = Field(default_factory=dict)
    """Sentences in front of answers: `begun`, `decide`, `answer` and `talk`."""
    nouns: dict[str, str] = Field(default_factory=dict)

    @cached_property
    def common_tokens(self) -> frozenset[str]:
        """Its commonest words, folded."""
        return frozenset(fold_tokens(self.common))

    @cached_property
    def names_of_work(self) -> frozenset[str]:
        """The words of `work`, folded."""
        return frozenset(fold_tokens(self.work))

    @cached_property
    def assents(self) -> frozenset[str]:
        """The words of `assent`, folded."""
        return frozenset(fold_tokens(self.assent))

    @cached_property
    def known_by(self) -> frozenset[str]:
        """Its commonest words, and those of its phrases that are whole."""
        phrases = [phrase for phrases in self._phrases_by_name.values() for phrase in phrases]
        whole = [word for phrase in phrases for word in phrase.split() if not word.endswith("*")]
        return self.common_tokens | frozenset(fold_tokens(" ".join(whole)))

    @cached_property
    def phrases(self) -> dict[str, tuple[re.Pattern[str], ...]]:
        """Every list of phrases by its name."""
        return {
            name: tuple(map(_compile_phrase, phrases))
            for name, phrases in self._phrases_by_name.items()
        }

    def has_phrase_in(self, text: str) -> bool:
        """Whether one of its phrases stands in folded text."""
        return any(each.search(text) for known in self.phrases.values() for each in known)

    @property
    def _phrases_by_name(self) -> dict[str, tuple[str, ...]]:
        back = {"goes back": self.rollback}
        lists = [each for each in (self.asks, self.reports, self.decides) if each]
        times = {f"time {english}": (phrase,) for phrase, english in self.times.items()}
        asked = {f"ask {topic}": phrases for topic, phrases in self.questions.items()}
        return {name: phrases for each in lists for name, phrases in each} | asked | times | back

    @cached_property
    def noun_patterns(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        """Patterns of its nouns, with what the code calls each."""
        return tuple(
            (re.compile(re.escape(noun).replace(r"\*", r"\w*")), thing)
            for noun, thing in self.nouns.items()
        )


@cache
def load_languages() -> dict[str, Language]:
    """Every language by its code ("de"). Raises `ValueError` at a file that is none."""
    found = {}
    for file in sorted(files(__package__).joinpath(_FOLDER).iterdir(), key=lambda each: each.name):
        if file.name.endswith(".toml"):
            told = tomllib.loads(file.read_text("utf-8"))
            found[file.name.removesuffix(".toml")] = Language.model_validate(told)
    return found


def fold(token: str) -> str:
    """A word in small letters without accents; "ü" is "ue", as people type it without the key."""
    letters = unicodedata.normalize(
        "NFKD", unicodedata.normalize("NFC", token.lower()).translate(_TRANSLITERATION)
    )
    return "".join(each for each in letters if not unicodedata.combining(each))


def fold_tokens(text: str) -> list[str]:
    """Return the words of a text, folded."""
    return [fold(each) for each in TOKEN.findall(text)]


def _compile_phrase(phrase: str) -> re.Pattern[str]:
    """A phrase over folded words with single spaces; each of its own words is a group."""
    parts: list[str] = []
    for part in phrase.split():
        ending = r"\w*" if part.endswith("*") else ""
        words = [re.escape(fold(each)) for each in TOKEN.findall(part)]
        parts += [f" ({each})" for each in words[:-1]]
        parts.append(f" ({words[-1]}{ending})" if words else _GAP)
    more = r" \S+" if phrase.endswith("…") else ""
    return re.compile(rf"(?<!\S){''.join(parts).removeprefix(' ')}{more}(?!\S)")
