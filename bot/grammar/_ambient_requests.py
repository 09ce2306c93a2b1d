"""Messages not said to the bot: may it act on what it overheard in the dev channel?"""

import re

from bot.domain.intents import Intent, Setting
from bot.grammar._spelling import to_token_set
from bot.grammar._work_request import WorkRequest

# Tools and systems of the developers' own work, which this bot does not run.
_OTHER_TOPICS = re.compile(
    r"\b(?:ci|cd|build|builds|pipeline|jenkins|laptop|computer|keyboard|mouse|monitor|screen"
    r"|wifi|wi-fi|internet|vpn|router|phone|car|coffee|lunch|dinner"
    r"|printer|docker|kubernetes|k8s|npm|pip|poetry|uv|github|gitlab|jira|slack|zoom|teams"
    r"|aws|azure|gcp|staging|prod(?:uction)?|website|browser|chrome|firefox"
    r"|(?:my|your|his|her|their) (?:\w+ )?(?:branch|pr|code|tests?|machine|setup|env|editor|ide"
    r"|terminal|script|build|project|change|patch|commit)|meeting|calendar|elevator|door|headset"
    r"|vs ?code|vscode|pycharm|vim|emacs|linter|mypy|ruff|pytest"
    r"|compiler|homework|game"
    r"|toilet|fridge|air ?con|heating|train|bus|weather|market|resume|cv)\b",
    re.IGNORECASE,
)
# If these fail, it is the developers' problem; a change of them may be about the bot.
_OF_THE_CODE = re.compile(r"\b(?:tests?|docs?|documentation|typo)\b", re.IGNORECASE)
# It belongs to the bot, whatever its name. A path (`/etc/fstab`) is none.
_COMMAND = re.compile(r"(?<![\w/])/[a-z][\w-]*+(?!/|\.\w)", re.IGNORECASE)
_PERSON_LED = re.compile(
    r"^(?:(?:hey|hi|hello|yo|ok|okay|thanks|sorry|morning"
    r"|please)[ ,]+)?(?P<name>[A-Z][a-z]{1,15})(?:,|:| (?=can |could |would |will |please "
    r"|did |do |are |have |is ))"
)
# In small letters, only "hey" before a name or "can you" after it shows that it is a name.
_PERSON_SMALL = re.compile(
    r"^(?:(?P<greeting>hey|hi|hello|yo)[ ,]+)?(?P<name>[a-z]{2,15})"
    r"(?:(?(greeting),|(?!))|,? (?:can|could|would|will) (?:you|u)\b)"
)
_PERSON_COLON = re.compile(r"^(?P<name>[a-z]{2,15}): ")
_PERSON_GREETED = re.compile(
    r"^(?:[Hh]ey|[Hh]i|[Hh]ello|[Yy]o|[Tt]hanks)[ ,]+(?P<name>[A-Z][a-z]{1,15})\b"
)
# "… for Mars" names the subject; a person who is addressed has no preposition before the name.
_PERSON_LAST = re.compile(
    r"(?<=[a-z0-9,])(?<!\bfor)(?<!\bof)(?<!\bin)(?<!\bon)(?<!\bat)(?<!\bto)(?<!\bfrom)(?<!\bwith)"
    r" (?P<name>[A-Z][a-z]{1,15})[?.! ]*$"
)
_NOT_A_NAME = to_token_set(
    """
    Rolling Dice Polls Poll Reminders Reminder Search Everything Nothing Something This That
    It The Please Can Could Would Will What Why How When Where There These Those Ok Okay Ugh
    Hey Hi Hello Yes No Well Also And But So Now Then Today Yesterday Again Sorry Thanks Guys
    Folks All Someone Somebody Anyone Theseus Bot Voting Help Discord Fix Investigate Look
    Check Seems Looks Apparently Still Btw Fyi Heads Asap Urgent Weird Strange Monday Tuesday
    Wednesday Thursday Friday Saturday Sunday Python Linux Windows Roll Users People I Morning
    Hmm Argh Oh Damn Is Does Do Did Are Was Slash Command Commands Music
    Bug Issue Problem Report Error Just Kindly Quickly Broken Anyway Btw Pls Maybe Perhaps
    Thanks Sure Nice Great Cool Damn Guess Oops
    """
)
_CHATTER = re.compile(
    r"\b(?:i'm|i am|i'll|i will|i was|we're|we are|i've|i have|i just|i already|he's"
    r"|she's) (?:\w+ )?(?:fix|look|investigat|debug|check|work|on it|deploy|refactor)\w*"
    r"|\banyone (?:else|up|want|fancy"
    r"|for)\b|(?:^|[.!?,;] )who(?:'s| is| wants| can)\b|\byou guys\b|\bi (?:fixed|broke"
    r"|think i|can fix|could fix)\b",
    re.IGNORECASE,
)
_LAUGHTER = re.compile(r"\b(?:lol\b|haha)", re.IGNORECASE)


def is_ambient_request(
    found: WorkRequest, setting: Setting, *, text: str, names_someone: bool
) -> bool:
    """Return whether a listed person in the dev channel clearly asked, addressing no one else.

    The subject of the request may be missing ("fix it"). A request that is not clear counts if it
    names a command ("/roll could do advantage"): the listener's table has to be sure of it too.
    """
    if not (setting.dev_channel and setting.listed) or setting.reply_to == "person":
        return False
    to_people = found.group and not (found.request and found.intent is Intent.FIX)
    unclear = found.strength != "clear" and not _COMMAND.search(text)
    if unclear or to_people or names_someone:
        return False
    if _OTHER_TOPICS.search(_COMMAND.sub("", text)) or _CHATTER.search(text):
        return False
    if _LAUGHTER.search(text) and not _COMMAND.search(text):
        return False
    if found.intent is not Intent.CHANGE and _OF_THE_CODE.search(text):
        return False
    return not _to_a_person(text)


def _to_a_person(text: str) -> bool:
    for pattern in (_PERSON_LED, _PERSON_SMALL, _PERSON_COLON, _PERSON_GREETED, _PERSON_LAST):
        found = pattern.search(text)
        if found and found["name"].title() not in _NOT_A_NAME:
            return True
    return False
