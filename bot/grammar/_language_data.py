"""The vocabulary of each language, read from `languages/`."""

import re
import tomllib
import unicodedata
from functools import cache, cached_property
from importlib.resources import files

from pydantic import Field
from theseus_guard.record import Record

from bot.domain.intents import Topic

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
    """Phrases of a change, if a command or a noun of `things` is named as well."""
    revise: tuple[str, ...]
    retry: tuple[str, ...]
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
    """One file of `languages/`.

    A language is recognised by its `common` words, which are part of no subject, and by the words
    of its phrases. `things` maps its nouns to the names in the code.
    """

    name: str
    common: str
    rollback: tuple[str, ...] = ()
    """Phrases that ask for an older version of a text, and words that describe versions."""
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
    """Time spans and their English names: `"diese woche" = "this week"`."""
    replies: dict[str, str] = Field(default_factory=dict)
    """Sentences in front of answers: `begun`, `decide`, `answer` and `talk`."""
    nouns: dict[str, str] = Field(default_factory=dict)

    @cached_property
    def common_tokens(self) -> frozenset[str]:
        """The folded common words of the language."""
        return frozenset(fold_tokens(self.common))

    @cached_property
    def names_of_work(self) -> frozenset[str]:
        """The folded words of `work`."""
        return frozenset(fold_tokens(self.work))

    @cached_property
    def assents(self) -> frozenset[str]:
        """The folded words of `assent`."""
        return frozenset(fold_tokens(self.assent))

    @cached_property
    def known_by(self) -> frozenset[str]:
        """The common words, and the words of the complete phrases."""
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
        """Return whether folded text contains one of the phrases."""
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
    """Return every language by its code ("de"). Raises `ValueError` if a file is invalid."""
    found = {}
    for file in sorted(files(__package__).joinpath(_FOLDER).iterdir(), key=lambda each: each.name):
        if file.name.endswith(".toml"):
            data = tomllib.loads(file.read_text("utf-8"))
            found[file.name.removesuffix(".toml")] = Language.model_validate(data)
    return found


def fold(token: str) -> str:
    """Return a word in small letters without accents; "ü" becomes "ue", as people type it."""
    letters = unicodedata.normalize(
        "NFKD", unicodedata.normalize("NFC", token.lower()).translate(_TRANSLITERATION)
    )
    return "".join(each for each in letters if not unicodedata.combining(each))


def fold_tokens(text: str) -> list[str]:
    """Return the folded words of a text."""
    return [fold(each) for each in TOKEN.findall(text)]


def _compile_phrase(phrase: str) -> re.Pattern[str]:
    """Return a pattern of a phrase over folded words; each word of the phrase is a group."""
    parts: list[str] = []
    for part in phrase.split():
        ending = r"\w*" if part.endswith("*") else ""
        words = [re.escape(fold(each)) for each in TOKEN.findall(part)]
        parts += [f" ({each})" for each in words[:-1]]
        parts.append(f" ({words[-1]}{ending})" if words else _GAP)
    more = r" \S+" if phrase.endswith("…") else ""
    return re.compile(rf"(?<!\S){''.join(parts).removeprefix(' ')}{more}(?!\S)")
