"""When two people wish for the same: what is left of a wish without the words it is asked in."""

import re

from bot.grammar._clauses import strip_openings
from bot.grammar._normalise import make_plain
from bot.grammar._spelling import correct_spelling, to_token_set
from bot.grammar.likeness import stem

# What asks for a thing, and says nothing about it. "Remove" and "rename" say something.
_ASKED_IN = to_token_set(
    """
    a an the some any another new that this it is are be to of for in on with and or so as at by my
    our your their please pls thanks can could would will should you we i us me they people user
    users everybody everyone somebody nice great cool good if there way possible possibility able
    ability want need like love wish have has had get give let make made add added adding implement
    introduce create build include provide offer support accept allow enable feature request
    suggestion idea enhancement option command bot theseus also too really just maybe which who d
    ll m re s ve
    """
)
_TOKEN = re.compile(r"[a-z0-9][\w+-]*", re.IGNORECASE)


def normalise_request(text: str) -> str:
    """Return what a wish is about: the same for "add /coinflip" and "can we get coinflip?".

    The stems of its words, in the order of the alphabet; all that was said where none is left.
    """
    plain = make_plain(text, addressed=True)
    said = correct_spelling(plain.restore(strip_openings(plain.text).rest or plain.text)).lower()
    told = [word for word in _TOKEN.findall(said) if word not in _ASKED_IN]
    about = {stem(word) if word.isalpha() else word for word in told}
    return " ".join(sorted(about)) or " ".join(said.split())
