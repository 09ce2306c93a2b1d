"""What a message may mean that looks like a decision and is not on the list of sentences.

Nothing comes of it but a question with buttons, so this may read as generously as it likes. Two
readings are told apart. *Leading*: a clause begins with a verb that decides ("don't ship it", "yes
please ship", "kill it"); that goes before every request in the same message. *Somewhere*: such a
word stands anywhere ("Bob says ship it"); that counts only where a run is talked about and the
message asks for nothing else.
"""

import re
from typing import NamedTuple

from bot.domain.grammar._clauses import peel
from bot.domain.grammar._glyphs import plain_letters
from bot.domain.grammar._records import Intent, Setting
from bot.domain.grammar._words import spell

_END = (
    r"(?:$|(?= (?:now|please|pls|plz|when|if|once|unless|until|till|after|before|as|to|into|in|on"
    r"|tomorrow|today|later|soon|then|and|but|not|never|first|yet|tonight|asap|thanks|thx|anyway"
    r"|already|instead|back|out|up|off|with|for|at|by|next|right|without|because|since|or|so|only"
    r"|too|ok|okay|immediately|while|mate|bot|theseus|everyone|someday|maybe|actually|live)\b))"
)
_WORK = (
    r"(?:fix(?:es)?|changes?|pr|pull request|proposal|patch|branch|diff|one|run|work|commit"
    r"|version|update|merge|deploy(?:ment)?|release|thing|mr)"
)
_NUMBER = r"(?:number |no |nr )?#?\d{1,7}|#?[0-9][0-9a-z]{3,25}|#?[a-z][0-9a-z]{0,4}\d[0-9a-z]*"
_THAT = (
    rf"(?:(?:it|this|that|them|these|those|both|everything|all)(?: {_WORK})?(?: (?:{_NUMBER}))?"
    rf"|(?:the |your |my |our |its )?(?:last |latest |previous |new |whole )?{_WORK}"
    rf"(?: (?:{_NUMBER}))?|{_NUMBER})"
)


def _verbs(verbs: str, *more: str) -> re.Pattern[str]:
    """Verbs that stand alone or with what they are done to, and whole phrases."""
    alone = rf"(?:{verbs})(?: {_THAT})?(?: (?:back|out|up|off|down))?{_END}"
    return re.compile("|".join((alone, *more)), re.ASCII)


_ALL = r"(?:absolutely )?(?:everything|all|every run|all (?:of it|runs|work|the runs)|it all)\b"
_LEADING: dict[Intent, re.Pattern[str]] = {
    Intent.SHIP: _verbs(
        r"ship|merge|land|deploy|release|shipping|merging|publish|approved?(?: and ship)?|accept",
        rf"(?:send|push|make|roll|get|have|bring) {_THAT} (?:live|out|merged?|shipped|landed|in|to|"
        r"into|done|over the line)\b",
        r"(?:send|push) (?:it|this|that)\b", r"lgtm\b", r"shipit\b", r"roll out\b",
    ),
    Intent.REJECT: _verbs(
        r"reject(?:ed)?|declined?|veto|nack",
        rf"(?:discard|scrap|bin|trash|ditch|dismiss|abandon|close|drop|kill|deny) {_THAT}{_END}",
        rf"throw {_THAT} (?:away|out)\b",
    ),
    Intent.REVERT: _verbs(
        r"revert|undo|rollback|roll back|back out|unship|unmerge",
        rf"(?:roll|back|take|pull|put) {_THAT} (?:back|out)\b",
    ),
    Intent.STOP: re.compile(
        rf"(?:stop|halt|kill|abort|freeze|cease|end|shut ?down|cancel) {_ALL}"
        rf"|shut {_ALL} (?:down|off)"
        r"|(?:emergency|panic|e)[ -]?(?:stop|halt|shutdown)|emergency$|kill ?switch"
        r"|(?:hit|pull|press) the (?:kill ?switch|emergency|plug|brakes?|red button)"
        r"|everything (?:must )?stop|(?:stop|halt|abort)(?: now| immediately| right now)?$"
        r"|stop (?:what|whatever)\b",
        re.ASCII,
    ),
    Intent.CANCEL: _verbs(
        r"cancel|abort|stop|halt|quit",
        rf"(?:kill|end|drop|scrap) {_THAT}{_END}", rf"call {_THAT} off\b", r"call off\b",
        r"never ?mind\b", r"nvm\b", r"forget (?:about )?it$",
        r"(?:give up|leave it)(?: (?:be|alone|on it))?$",
        r"stop (?:what|whatever|working|work|doing)\b",
    ),
    Intent.PAUSE: _verbs(
        r"pause|suspend|hold off|hold on|stand down|wait",
        r"pause (?:all|your|the bot|yourself|autonomous|theseus|things|work)\b",
        r"hold off on\b", r"take (?:a break|five)\b",
        r"(?:go|be) (?:on pause|idle)", r"(?:put|place) \w+(?: \w+)? on (?:hold|pause)",
        r"stop (?:making (?:changes|fixes|edits)|autonomous work|fixing things)\b",
        r"suspend (?:all|your|autonomous|work)\b",
    ),
    Intent.RESUME: _verbs(
        r"resume|un-?pause|carry on|continue|keep going|go on",
        r"(?:resume|continue) (?:work|all|your|autonomous)\b", r"(?:get |go )?back to work\b",
        r"(?:start|begin|get going|get to work|work)(?: working)? again\b", r"start working\b",
        r"(?:lift|end|clear|remove) the (?:stop|pause|freeze|emergency)", r"wake up\b",
    ),
}  # fmt: skip
_SOMEWHERE: dict[Intent, re.Pattern[str]] = {
    Intent.SHIP: re.compile(
        r"\b(?:ship(?:it|s|ped|ping)?|merg(?:e|es|ed|ing)|land(?:ed|ing)?|deploy(?:ed|ing)?"
        r"|releas(?:e|ed|ing)|approv(?:e|es|ed|al|ing)|lgtm|sgtm|go ahead|go for it"
        r"|good to go|(?:can|may|should) go in|going in"
        r"|roll(?:ed)? out|(?:looks?|looking|sounds?) (?:good|fine|great|ok|okay|right)|send it"
        r"|do it|accept(?:ed)?)\b"
        r"|(?<!\S)(?:\+1|r\+(?!\S))"
    ),
    Intent.REJECT: re.compile(
        r"\b(?:reject(?:ed|ing)?|declin(?:e|ed)|veto(?:ed)?|nack|scrap|discard"
        r"|clos(?:e it|e this|ing))\b"
        r"|(?<!\S)-1\b"
    ),
    Intent.REVERT: re.compile(r"\b(?:revert(?:ed|ing)?|undo|roll ?back|rolled back|back it out)\b"),
    Intent.STOP: re.compile(r"\b(?:stop everything|emergency stop|kill ?switch)\b"),
    Intent.CANCEL: re.compile(r"\b(?:cancel(?:led|ed)?|abort|stop (?:it|this|that|working))\b"),
    Intent.PAUSE: re.compile(r"\b(?:pause|hold(?: it| off| on| your horses)?|stand down)\b"),
    Intent.RESUME: re.compile(r"\b(?:resume|unpause|carry on|continue|keep going)\b"),
}
# Whole messages that answer a question nobody may have put.
_YES = re.compile(
    r"(?:yes|yep|yeah|yup|ya|aye|sure|ok|okay|k|agreed|absolutely|definitely|please|thumbs up|\+1"
    r"|do|it|go|ready)(?: (?:yes|yep|yeah|please|thanks|thank you|do|it|go|sure|to|me))*"
)
_NO = re.compile(
    r"(?:please )?(?:no|nope|nah|not|never|don't|dont|-1|wait)(?: (?:no|nope|thanks"
    r"|thank you|please|now|yet|today|like|this|that|it|good|enough|really|way|ok|okay|so|not|a"
    r"|chance))*"
)
_NOT = re.compile(
    r"\b(?:not|never|no|nope|nah|don'?t|do not|dont|cannot|can'?t|won'?t|wouldn'?t"
    r"|shouldn'?t|isn'?t|nobody|without|unless|neither|nor|hold|wait|refuse)\b"
)
_BEFORE = re.compile(
    r"(?:(?:please|pls|and|then|so|but|now|no|nope|nah|not yet|not|never|don'?t(?: you)?(?: dare)?"
    r"|do not|dont|yes|yep|yeah|yup|sure|maybe|perhaps|let'?s|let us|we should(?:n'?t)?"
    r"|we can(?:'?t)?|you (?:can(?:not|'?t)?|may|should(?:n'?t)?|must(?: not)?)"
    r"|(?:can|could|should|shall|may) (?:we|i)|how about we|why don'?t (?:we|you)|why not"
    r"|feel free to|go ahead and|go ahead|go and|just|only|ready to|time to"
    r"|i (?:approve|say|vote)(?: to)?|lgtm|approved|agreed|looks good|sounds good"
    r"|nice|great|good|perfect|awesome|cool|ok|okay|still|actually"
    r"|under no circumstances|nobody should|someone|i want (?:you )?to|i'?d like (?:you )?to"
    r"|and-?|someday|later|first|wait|ask)[ ,]+)",
    re.ASCII,
)
_ASKS_ABOUT = re.compile(
    r"(?:who|whom|whose|what|when|why|how|where|which|did|does|do|has|have|had|was|were|is|are|will"
    r"|wasn'?t|isn'?t|tell me|explain|show)\b(?! (?:about we|not|don't))"
)
_CLAUSE = re.compile(
    r"[.,!;:()\n\"`*_~>|/\[\]]+|(?<=\?)\s|\s-+\s|\s(?=but\s|because\s)|\s(?:so|then) "
)
_QUOTED = re.compile(r"^[ \t]*>+.*$", re.MULTILINE)
_DIGITS = re.compile(
    r"(?<![\w:.])#?(\d{1,7})(?![\w:.]|\s*(?:%|[smhd]\b|min|hour|day|week|second|pm|am))"
)
_UNTIL = re.compile(r"\b(?:for|until|till) (?P<until>[a-z0-9: ]{1,40})")


class Meant(NamedTuple):
    """What a message may mean, likeliest first; nothing where it does not look like a decision."""

    intents: tuple[Intent, ...] = ()
    leading: bool = False
    """A clause begins with it, so that it goes before any request in the message."""


def may_mean(text: str, setting: Setting) -> Meant:
    """Return what a message that is no decision may mean to decide."""
    said = _spoken(text)
    leads = [intent for each in said if not _is_marked(each) for intent in _leading(each)]
    found: list[Intent] = []
    if setting.about_a_proposal:
        told = [each for each in said if not _ASKS_ABOUT.match(each)]
        found = [
            intent for each in told for intent in _SOMEWHERE if _SOMEWHERE[intent].search(each)
        ]
    if leads:
        return Meant(_ordered(leads + found, said), leading=True)
    if not found and said and setting.about_a_proposal:
        found = [Intent.SHIP] if all(_YES.fullmatch(each) for each in said) else []
        found += [Intent.REJECT] if all(_NO.fullmatch(each) for each in said) else []
    return Meant(_ordered(found, said))


def numbers_in(text: str) -> tuple[int, ...]:
    """Return every number in a message that a proposal could have."""
    return tuple(dict.fromkeys(int(each) for each in _DIGITS.findall(plain_letters(text))))


def until_in(text: str) -> str | None:
    """Return how long, where a message says so."""
    found = _UNTIL.search(plain_letters(text))
    return found["until"].strip() if found else None


def _spoken(text: str) -> list[str]:
    """Return the clauses in plain letters; what is quoted only where that is all there is."""
    letters = plain_letters(text)
    own = _QUOTED.sub(" ", letters)
    told = own if re.search(r"\w", own) else letters
    clauses = (" ".join(spell(each).lower().split()) for each in _CLAUSE.split(told) if each)
    return [
        each.strip(" ?'").removesuffix("-").strip() for each in clauses if re.search(r"\w", each)
    ]


def _is_marked(clause: str) -> bool:
    """Whether a clause adds to a change ("also cancel it when the poll ends")."""
    return peel(clause).also or clause.endswith((" too", " as well", " instead"))


def _leading(clause: str) -> list[Intent]:
    for start in _starts(clause):
        if found := [intent for intent, known in _LEADING.items() if known.match(start)]:
            return found
    return []


def _starts(clause: str) -> list[str]:
    """Return the clause, and what is left of it when its openings are taken off one by one."""
    found = [clause, peel(clause).rest]
    rest = clause
    for _ in range(8):
        opening = _BEFORE.match(rest)
        if opening is None:
            break
        rest = rest[opening.end() :]
        found += [rest, peel(rest).rest]
    return found


def _ordered(found: list[Intent], said: list[str]) -> tuple[Intent, ...]:
    """Return each once; where something is denied, the refusal before what is refused."""
    intents = list(dict.fromkeys(found))
    if Intent.SHIP in intents and any(_NOT.search(each) for each in said):
        rest = [each for each in intents if each not in (Intent.SHIP, Intent.REJECT)]
        intents = [Intent.REJECT, Intent.SHIP, *rest]
    return tuple(intents)
