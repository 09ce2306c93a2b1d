"""Compare feature requests: two are the same if only their phrasing differs."""

import re

from bot.grammar._clauses import strip_openings
from bot.grammar._normalise import make_plain
from bot.grammar._spelling import correct_spelling, to_token_set
from bot.grammar.likeness import stem

# Words that ask for something without describing it. "Remove" and "rename" do describe it.
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
    """Return the key of a request: the same for "add /coinflip" and "can we get coinflip?".

    The key is the sorted stems of its words, or the entire text if no stem is left.
    """
    plain = make_plain(text, addressed=True)
    corrected = correct_spelling(
        plain.restore(strip_openings(plain.text).rest or plain.text)
    ).lower()
    words = [word for word in _TOKEN.findall(corrected) if word not in _ASKED_IN]
    about = {stem(word) if word.isalpha() else word for word in words}
    return " ".join(sorted(about)) or " ".join(corrected.split())
