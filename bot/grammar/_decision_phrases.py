"""The vocabulary that makes a message resemble a decision. None of it decides."""

import re

from bot.domain.intents import Intent
from bot.grammar._spelling import to_token_set

_END = (
    r"(?:$|(?= (?:now|please|pls|plz|when|if|once|unless|until|till|after|before|as|to|into|in|on"
    r"|tomorrow|today|later|soon|then|and|but|not|never|first|yet|tonight|asap|thanks|thx|anyway"
    r"|already|instead|back|out|up|off|with|for|at|by|next|right|without|because|since|or|so|only"
    r"|too|ok|okay|immediately|while|mate|bot|theseus|everyone|someday|maybe|actually|live)\b))"
)
_WORK = (
    r"(?:fix(?:es)?|changes?|pr|pull request|proposal|patch|branch|diff|one|run|work|commit"
    r"|version|update|merge|deploy(?:ment)?|release|thing|mr|bot)"
)
_SELF = r"(?:self[- ]?(?:improv|repair|heal|fix|modif|edit)\w*|autonomy|autonomous \w+)"
_OWN_WORK = (
    r"(?:(?:all|any|your|the|its|own|further|more|new|automatic) )*"
    rf"(?:{_SELF}|fixing(?: things)?|fixes|repairs|changes|edits|improvements)"
)
_WHICH = (
    r"(?:(?:the|your|my|our|its|last|latest|previous|new|whole|most recent|newest|recent|one|two"
    r"|three|few) )*"
)
_NUMBER = r"(?:number |no |nr )?#?\d{1,7}|#?[0-9][0-9a-z]{3,25}|#?[a-z][0-9a-z]{0,4}\d[0-9a-z]*"
_THAT = (
    rf"(?:(?:it|this|that|them|these|those|both|everything|all)(?: {_WORK})?(?: (?:{_NUMBER}))?"
    r"|run [0-9a-z]{4,26}"
    rf"|{_WHICH}{_WORK}"
    rf"(?: (?:{_NUMBER}))?|{_NUMBER})"
)


def _compile_verbs(verbs: str, *more: str) -> re.Pattern[str]:
    """Return a pattern of verbs, alone or with their object, and of complete phrases."""
    alone = rf"(?:{verbs})(?: {_THAT})?(?: (?:back|out|up|off|down))?{_END}"
    return re.compile("|".join((alone, *more)), re.ASCII)


_ALL = (
    r"(?:[a-z]+ly )?(?:(?:everything|all|every run|all (?:of it|runs|work|the runs)|it all)\b"
    rf"|(?:the )?(?:whole )?bot{_END})"
)
LEADING: dict[Intent, re.Pattern[str]] = {
    Intent.SHIP: _compile_verbs(
        r"ship|merge|land|deploy|release|shipping|merging|publish|approved?(?: and ship)?|accept",
        rf"(?:send|push|make|roll|get|have|bring) {_THAT} (?:live|out|merged?|shipped|landed|in|to|"
        r"into|done|over the line)\b",
        rf"[a-z]+ {_THAT} (?:in)?to (?:prod|production|main|master)\b",
        r"(?:send|push) (?:it|this|that)\b", r"lgtm\b", r"shipit\b", r"roll out\b",
    ),
    Intent.REJECT: _compile_verbs(
        r"reject(?:ed)?|declined?|veto|nack",
        r"(?:discard|scrap|bin|trash|ditch|dismiss|abandon|close|drop|kill|deny|nuke|axe|dump)"
        rf" {_THAT}{_END}",
        rf"throw {_THAT} (?:away|out)\b",
    ),
    Intent.REVERT: _compile_verbs(
        r"revert|undo|rollback|roll back|back out|unship|unmerge",
        rf"(?:roll|back|take|pull|put) {_THAT} (?:back|out)\b",
        r"(?:revert|undo|roll back|take back) (?:what|whatever|everything)\b",
        rf"(?:go|switch|move|roll|put|set|change|bring)(?: {_THAT})? back to"
        r" (?:the |our )?(?:old|previous|last|earlier|way|how|what)\b",
    ),
    Intent.STOP: re.compile(
        rf"(?:stop|halt|kill|abort|freeze|cease|end|shut ?down|cancel) {_ALL}"
        rf"|shut {_ALL} (?:down|off)"
        r"|(?:emergency|panic|e)[ -]?(?:stop|halt|shutdown)|emergency$|shut ?down$|kill ?switch"
        r"|(?:hit|pull|press) the (?:kill ?switch|emergency|plug|brakes?|red button)"
        r"|everything (?:(?:must )?stop|off)\b|(?:stop|halt|abort)"
        r"(?: now| immediately| right now)?$"
        r"|stop (?:what|whatever)\b",
        re.ASCII,
    ),
    Intent.CANCEL: _compile_verbs(
        r"cancel|abort|stop|halt|quit",
        rf"(?:kill|end|drop|scrap) {_THAT}{_END}", rf"call {_THAT} off\b", r"call off\b",
        r"never ?mind\b", r"nvm\b", r"forget (?:about )?it$",
        r"(?:give up|leave it)(?: (?:be|alone|on it))?$", rf"leave {_THAT} (?:be|alone){_END}",
        r"stop (?:what|whatever|working|work|doing)\b",
    ),
    Intent.PAUSE: _compile_verbs(
        r"pause|suspend|hold off|hold on|stand down|wait",
        rf"(?:pause|suspend|hold|freeze) {_OWN_WORK}\b", rf"(?:stop|halt) (?:the |your )?{_SELF}",
        r"hang on\b",
        r"no (?:more |further |new )*(?:changes|fixes|edits|repairs) (?:until|till|for)\b",
        r"(?:don'?t|do not) (?:change|fix|touch|edit|propose|start) anything\b",
        r"pause (?:all|your|the bot|yourself|autonomous|theseus|things|work)\b",
        rf"(?:shut up|(?:be|stay|keep|go) (?:quiet|silent)){_END}",
        r"hold off on\b", r"take (?:a break|five)\b",
        r"(?:go|be) (?:on pause|idle)", r"(?:put|place) \w+(?: \w+)? on (?:hold|pause)",
        r"stop (?:making (?:changes|fixes|edits)|autonomous work|fixing things)\b",
        r"suspend (?:all|your|autonomous|work)\b",
    ),
    Intent.RESUME: _compile_verbs(
        r"resume|un-?pause|carry on|continue|keep going|go on",
        r"(?:resume|continue) (?:work|all|your|autonomous)\b", r"(?:get |go )?back to work\b",
        rf"(?:resume|continue|restart|go on with|carry on with) {_OWN_WORK}\b",
        r"(?:start|begin) (?:fix|repair|improv)ing(?: \w+)? again\b",
        r"(?:start|begin|get going|get to work|work)(?: working)? again\b", r"start working\b",
        r"(?:lift|end|clear|remove|stop|cancel) the (?:stop|pause|freeze|emergency)", r"wake up\b",
    ),
}  # fmt: skip
SOMEWHERE: dict[Intent, re.Pattern[str]] = {
    Intent.SHIP: re.compile(
        r"\b(?:ship(?:it|s|ped|ping)?|merg(?:e|es|ed|ing)|land(?:ed|ing)?|deploy(?:ed|ing)?"
        r"|releas(?:e|ed|ing)|approv(?:e|es|ed|al|ing)|lgtm|sgtm|go ahead|go for it"
        r"|good to go|(?:fine|ok|okay|good|cool) (?:by|with) me|(?:can|may|should) go in|going in"
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
# Complete messages that answer a question, even if nobody asked one.
YES = re.compile(
    r"(?:yes|yep|yeah|yup|ya|aye|sure|ok|okay|k|agreed|absolutely|definitely|please|thumbs up|\+1"
    r"|do|it|go|ready)(?: (?:yes|yep|yeah|please|thanks|thank you|do|it|go|sure|to|me))*"
)
NO = re.compile(
    r"(?:please )?(?:no|nope|nah|not|never|don't|dont|-1|wait)(?: (?:no|nope|thanks"
    r"|thank you|please|now|yet|today|like|this|that|it|good|enough|really|way|ok|okay|so|not|a"
    r"|chance))*"
)
NOT = re.compile(
    r"\b(?:not|never|no|nope|nah|don'?t|do not|dont|cannot|can'?t|won'?t|wouldn'?t"
    r"|shouldn'?t|isn'?t|nobody|without|unless|neither|nor|hold|wait|refuse)\b"
)
BEFORE = re.compile(
    r"(?:(?:please|pls|and|then|so|but|now|no|nope|nah|not yet|not|never|don'?t(?: you)?(?: dare)?"
    r"|do not|dont|yes|yep|yeah|yup|sure|maybe|perhaps|let'?s|let us|we should(?:n'?t)?"
    r"|we can(?:'?t)?|you (?:can(?:not|'?t)?|may|should(?:n'?t)?|must(?: not)?)"
    r"|(?:can|could|should|shall|may) (?:we|i)|how about we|why don'?t (?:we|you)|why not"
    r"|feel free to|go ahead and|go ahead|go and|just|only|ready to|time to"
    r"|i (?:approve|say|vote)(?: to)?|lgtm|approved|agreed|looks good|sounds good"
    r"|nice|great|good|perfect|awesome|cool|ok|okay|still|actually"
    r"|under no circumstances|nobody should|someone|i want (?:you )?to|i'?d like (?:you )?to"
    r"|and-?|someday|later|first|wait|ask|do(?: the| an?)?)[ ,]+)",
    re.ASCII,
)
OF_OWN_WORK = {
    Intent.PAUSE: re.compile(rf"\b(?:{_SELF}|your (?:own )?(?:fixes|repairs|changes))\b"),
    Intent.RESUME: re.compile(
        rf"^(?:(?:please|ok|okay) )?(?:you (?:can|may) (?!.*\b(?:if|when|after)\b)|resume {_SELF})"
    ),
    Intent.REVERT: re.compile(
        r"\b(?:the|your) (?:last|latest|newest|most recent) (?:fix|change|merge)\b"
    ),
}
"""Shows that text which addresses no one is about the bot's own work."""
ASKS_ABOUT = re.compile(
    r"(?:who|whom|whose|what|when|why|how|where|which|did|does|do|has|have|had|was|were|is|are|will"
    r"|wasn'?t|isn'?t|tell me|explain|show)\b(?! (?:about we|not|don't))"
)
NOUN_OR_TIME = re.compile(
    r"\b(?:since|after|before|about|during|from) (?:the|an?|that|this|your|our|my) (?:last )?\w+"
    r"|\bmerge conflicts?\b"
)
NOUN_FOLLOWS = to_token_set(
    """
    a an the my your our its their no last next new of for in on with from after before since
    without during about
    """
)
"""Words after which a verb that decides is a noun."""
