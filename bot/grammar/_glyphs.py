"""Read look-alike characters as plain letters, to find what may be a decision.

The result is used only to ask back, never to decide. Squared, circled and flag letters, look-alikes
of other alphabets, invisible letters and digits used as letters become plain small letters; signs
become the word they are used for.
"""

import re
import unicodedata

LONGEST = 4_000
"""Characters looked at; Discord's own limit for a message."""

_SIGNS = {
    **dict.fromkeys("🚢🛳⛴", " ship it "),
    **dict.fromkeys("✅☑✔👍🆗", " yes "),
    **dict.fromkeys("❌✖❎👎🚫✗✘¬🆖🙅", " not "),
    **dict.fromkeys("🛑⛔", " stop "),
    **dict.fromkeys("⏸✋⏳⌛", " wait "),
    **dict.fromkeys("\u2018\u2019\u02bc\u02b9\u2032\u00b4\u201b", "'"),
    **dict.fromkeys("❓❔⁉‽؟¿", "?"),
    **dict.fromkeys("❗❕‼", "!"),
}
# Cyrillic, Greek and other letters that are drawn as Latin ones.
_LOOK_ALIKES = dict(
    zip(
        "аеорсухіјѕһԁԛԝкмтнвьпαεορτυνικχγωηӏɡɑıſᴏ",
        "aeopcyxijshdqwkmthbbnaeoptuvikxywnlgaiso",
        strict=True,
    )
)
_LATIN = re.compile(r"(?:LATIN|SYMBOL)(?: CAPITAL| SMALL)?(?: LETTER)?(?: SMALL CAPITAL)? ([A-Z])$")
_EMOJI = re.compile(r"<a?:(\w{1,32}):\d{1,25}>")
_POINTER = re.compile(r"<(?:@[!&]?|#|t:)[^<>\s]{1,40}>")
_SHORTCODE = re.compile(r":(?:\+1|thumbsup|white_check_mark|heavy_check_mark):")
_DIGITS = str.maketrans("013457", "oieast")
_LEET = re.compile(r"\b(?=\w*[a-z])[a-z]+[013457][a-z013457]+\b", re.ASCII)


def to_plain_letters(text: str) -> str:
    """Return the text in small ASCII letters, digits and ASCII punctuation."""
    text = _POINTER.sub(" ", _EMOJI.sub(r" \1 ", text[:LONGEST]))
    text = unicodedata.normalize("NFKD", _SHORTCODE.sub(" yes ", text).translate(_SIGN_TABLE))
    return _LEET.sub(lambda found: found[0].translate(_DIGITS), "".join(map(_fold_letter, text)))


_SIGN_TABLE = str.maketrans(_SIGNS)


def _fold_letter(letter: str) -> str:
    if letter.isascii():
        return letter.lower() if letter.isprintable() or letter.isspace() else ""
    low = letter.lower()
    if low in _LOOK_ALIKES:
        return _LOOK_ALIKES[low]
    kind = unicodedata.category(letter)
    if kind in ("Cc", "Cf", "Mn", "Me"):
        return ""
    if found := _LATIN.search(unicodedata.name(letter, "")):
        return found[1].lower()
    return "." if kind[0] == "P" else " "
