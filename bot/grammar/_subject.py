"""Cleaning what people say is broken, and picking names and numbers out of a message."""

import re

LONGEST_SUBJECT = 200

_PRONOUN = re.compile(
    r"(?:it|this|that|these|those|them|one|another"
    r"|the (?:bug|issue|problem|error|crash|thing|fault)"
    r"|this (?:one|bug|issue|problem|error"
    r"|crash|thing|please)|that (?:one|bug|issue|problem|error|crash|thing)|these (?:errors"
    r"|bugs)|everything|something|there"
    r"|what (?:happened|broke|failed)(?: here)?|us|me|up|you|yourself|the same (?:thing|error"
    r"|bug)|things|stuff|here|what's wrong|what)",
    re.IGNORECASE,
)
_FRONT = re.compile(
    r"(?:(?:that|this|the|these|those|my|our|your|an?|some|its?|please|with|on|in|into|at"
    r"|about|for|of|to|why|how come"
    r"|when|where|what|whether|if|all|same|whole|just|now|currently|also|still|again"
    r"|it seems(?: like)?|seems like"
    r"|because|since|up with|going on with|wrong with|using|i think|is|are|does|do|did|was"
    r"|were|has|have|can|it's|that's"
    r"|annoying|stupid|damn|dumb|bloody|freaking|silly|poor|pesky|nasty|weird|strange"
    r"|existing|current|latest"
    r"|and|but|so|then|ok|okay|hey|yeah|well|oh|ugh|hi|theseus|sorry|man|apparently)\b(?!'"
    r"|-)[ ,]*)+",
    re.IGNORECASE,
)
_FAULT = re.compile(
    r"^(?:\w+ )?(?:bug|issue|problem|error|crash|crashes|failure|failures|fault|glitch"
    r"|exception|regression|errors|timeouts?|cause"
    r"|root cause|reason|mess)(?:es|s)? (?:in|with|of|where|when(?:ever)?|that|on|at|inside"
    r"|from|for|behind)(?: the| your| our| my)? ",
    re.IGNORECASE,
)
_BACK = re.compile(
    r"[ ,]*\b(?:please|thanks|thank you|thx|ty|cheers|asap|now|right now|again|for (?:me|us)"
    r"|when you (?:can|get a chance|have (?:a )?time"
    r"|have a (?:moment|minute|sec))|if you (?:can|could|don't mind|have time)|would you"
    r"|will you|could you|can you|ok|okay|today"
    r"|soon|too|as well|yet|still|already|quickly|at once|immediately|lately|recently"
    r"|these days|all the time|every time"
    r"|theseus|mate|buddy|bot|just|really|once more|anymore|any more|tonight|this morning"
    r"|first|here|somehow|once and for all|properly"
    r"|keeps?|is|are|was|were|has|have|does|do|did|be|being|that|which|so|and|because"
    r"|since (?:yesterday|this morning|today|monday"
    r"|last (?:week|night)|the (?:update|deploy|last update))|and|will you|so much|a lot"
    r"|of late|in advance|man|guys)$",
    re.IGNORECASE,
)
_PRONOUN_AND = re.compile(
    r"^(?:it|this|that|them|these)(?: up)?,? (?:and|then|so)\b.*$", re.I | re.S
)
_RUN = re.compile(
    r"\b(?:run|run id)[ :]#?((?=[0-9a-z]*\d)[0-9a-z][0-9a-z_-]{0,25}"
    r"|[0-9abcdefghjkmnpqrstvwxyz]{6})\b",
    re.IGNORECASE,
)
_BARE_RUN = re.compile(
    r"\b(?:cancel|abort|stop|status(?: of)?|ship|revert|reject|retry|pause|resume|show|kill"
    r"|merge) "
    r"#?((?=[0-9a-z]*\d)(?=[0-9a-z]*[a-z])[0-9a-z]{6})\b",
    re.IGNORECASE,
)
_PULL = re.compile(r"(?:\b(?:pr|pull request|pull|mr) ?#? ?|(?<![\w&])#)(\d{1,7})\b", re.IGNORECASE)
_RECURRENCE = re.compile(
    r"\b(?:again|once more|yet again|another time|(?:is|are|'s|came|come|comes|coming"
    r"|been) back|still (?:broken|failing|crashing|"
    r"not|doesn't|happening|broke|crashes|fails|timing)|same (?:bug|error|problem|issue|crash"
    r"|thing) as|same old|reappeared|recurr\w+"
    r"|returned|(?:second|third|fourth|2nd|3rd|4th) time|isn't fixed|not fixed|wasn't fixed"
    r"|regressed|like (?:before|last (?:time|week)))\b",
    re.IGNORECASE,
)
_REPEATED_ACTION = re.compile(
    r"\b(?:try|run|roll|do|start|working?) (?:\S+ )?again\b", re.IGNORECASE
)


def clean_subject(text: str) -> str:
    """Return a bare noun phrase: no politeness, determiner or pronoun, at most 200 characters."""
    text = " ".join(text.split())[: LONGEST_SUBJECT * 2].strip(" ,.!?;:-\"'")
    text = _PRONOUN_AND.sub("", text)
    for _ in range(6):
        before = text
        if _PRONOUN.fullmatch(text):
            return ""
        text = _trim_subject(text)
        if text == before:
            break
    return text[:LONGEST_SUBJECT].strip()


def _trim_subject(text: str) -> str:
    text = _BACK.sub("", text).strip(" ,.!?;:-")
    if _PRONOUN.fullmatch(text):
        return ""
    front = _FRONT.match(text)
    if front and front.end() <= len(text):
        text = text[front.end() :]
    return _FAULT.sub("", text).strip(" ,.!?;:")


def run_named(text: str) -> str | None:
    found = _RUN.search(text) or _BARE_RUN.search(text)
    return found[1].lower() if found else None


def pull_request_named(text: str) -> int | None:
    text = re.sub(r"\brun #\d+", "", text)
    found = _PULL.search(text)
    return int(found[1]) if found else None


def is_recurrence(text: str) -> bool:
    return bool(_RECURRENCE.search(_REPEATED_ACTION.sub("", text)))
