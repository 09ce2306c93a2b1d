"""Reports of a fault: whether a clause says that something is broken, and what it is."""

import re
from dataclasses import dataclass

from bot.grammar._clauses import Clause, strip_openings
from bot.grammar._subject import clean_subject

_WEAK_BAD = (
    r"wrong(?:ly)?|off|missing|lost|empty|blank|dead|down|late|early|useless|bad|worse|odd"
    r"|weird|strange|funny|twice"
    r"|flaky|out of date|outdated|unreliable|incorrect|inconsistent|inaccurate"
)
_BAD = (
    r"(?:broken|broke|breaks|breaking|bust(?:ed)?|borked|bugged|buggy|stuck|hung|frozen"
    r"|unresponsive|slow(?:er)?|sluggish"
    r"|laggy|lagging|lags|unusable|fail(?:s|ed|ing)?|crash(?:es|ed|ing)?|error(?:s|ed"
    r"|ing)?(?: out)?"
    r"|throw(?:s|ing|n)?|threw|rais(?:es|ed|ing)|tim(?:es|ed|ing|e) ?out|timeouts?|hang(?:s"
    r"|ing)?|freez(?:es|ing)|froze"
    r"|act(?:s|ing)? (?:up|weird|strange|funny|odd)(?:ly)?|misbehav\w+|malfunction\w*"
    r"|(?:messed|screwed|fouled) up"
    r"|glitch\w*|vanish(?:es|ed|ing)?|disappear(?:s|ed|ing)?|explod(?:es?|ed|ing)|bl(?:ows?|ew"
    r"|owing) up|d(?:ies|ied|ying)|chok(?:es|ed"
    r"|ing)|panick?(?:s|ed|ing)"
    r"|spam(?:s|med|ming)\b|refus(?:es|ed|ing) to|skip(?:s|ped|ping)|duplicat(?:es|ed|ing)"
    r"|fall(?:s|ing)? over|fell over"
    r"|went (?:down|wrong|silent|dead)|go(?:es|ing) (?:down|wrong|silent)|bork(?:s|ing)"
    r"|leak(?:s|ing)"
    r"|tak(?:es|ing) (?:forever|ages|(?:way )?too long|so long|\d+ (?:seconds|minutes|secs|mins))"
    r"|(?:return|give|show|display|print|send|report|yield|produc|pick|count|calculat"
    r"|add)(?:s|es|ed|ing)? (?:me |us )?"
    r"(?:nothing|no \w+|an? (?:\w+ )?(?:error|exception|traceback)|errors|none\b|null\b"
    r"|garbage|nonsense|the wrong|wrong"
    r"|\d{3} errors?|a 500|duplicates?|incorrect)"
    r"|always (?:return|give|show|display|print|send|pick)s (?:me |us )?the same\b"
    r"|(?:gave|sent|shown|showed) (?:me |us )?(?:nothing|an? \w*(?:error|exception)|errors"
    r"|garbage|the wrong|wrong)"
    r"|(?:get|gets|got|getting) (?:stuck|an? \w*(?:error|exception)|errors|worse)"
    r"|los(?:es|ing|e) (?:\w+|track)|forg(?:ets|ot|etting) \w+|miss(?:es|ing) \w+|ignor(?:es"
    r"|ed|ing) \w+"
    r"|(?:hit|hits|hitting) an? \w*(?:error|exception)|malformed|corrupt(?:ed|s)?|garbled"
    r"|deadlock\w*|flak(?:y|es|ing)"
    r"|out of order|regress(?:ed|es|ion)?|not? responses?|never (?!fail|gets? old|mind)\w+"
    r"|no longer \w+"
    r"|nowhere to be found"
    r"|stop(?:s|ped) (?:\w+ing|dead)|quit (?:working|on me)|unable to \w+|(?:send|fir|post"
    r"|ping|trigger|repl)(?:s|es|ies|ed) "
    r"(?:\w+ ){0,3}(?:twice|late|early|too (?:late|early|soon)|double)|\w+s twice"
    r"|double[- ]post\w*|timed-out)"
)
_FUNCTION = (
    r"(?:work(?:ing)?|respond(?:ing)?|repl(?:y|ying)|answer(?:ing)?|load(?:ing)?"
    r"|start(?:ing)?|run(?:ning)?|show(?:ing)?"
    r"|sav(?:e|ing)|fir(?:e|ing)|trigger(?:ing)?|send(?:ing)?|finish(?:ing)?|end(?:ing)?"
    r"|clos(?:e|ing)|open(?:ing)?"
    r"|updat(?:e|ing)|do(?:ing)? (?:anything|what|its)|return(?:ing)?|go(?:ing)? (?:through"
    r"|off|out)|appear(?:ing)?|arriv(?:e|ing)"
    r"|com(?:e|ing) (?:up|back|through|in)|connect(?:ing)?|play(?:ing)?|post(?:ing)?"
    r"|accept(?:ing)?|pars(?:e|ing)"
    r"|recogni[sz](?:e|ing)|count(?:ing)?|register(?:ing)?|display(?:ing)?|delet(?:e|ing)"
    r"|creat(?:e|ing)|let(?:ting)?"
    r"|support(?:ing)?|roll(?:ing)?|handl(?:e|ing)|notif(?:y|ying)|ping(?:ing)?|find(?:ing)?"
    r"|match(?:ing)?|render(?:ing)?"
    r"|behav(?:e|ing)|sort(?:ing)?|add(?:ing)? up|reset(?:ting)?|react(?:ing)?|mak(?:e"
    r"|ing) (?:it|any)|giv(?:e|ing)|remember(?:ing)?"
    r"|right|correct|ok|okay|available|there|possible|stay(?:ing)?|stop(?:ping)?|keep(?:ing)?"
    r"|get(?:ting)?|log(?:ging)?|list(?:ing)?"
    r"|refresh(?:ing)?|complet(?:e|ing)|process(?:ing)?|persist(?:ing)?|survive|remove"
    r"|removing|use|using|allow(?:ing)?)"
)
_ADVERB = (
    r"(?:is|are|was|were|be|been|being|'s|'re|seems?(?: to)?|looks?(?: like it's)?|has|have"
    r"|had|got|gets|getting|went|goes"
    r"|feels?|appears?(?: to)?|just|still|always|constantly|suddenly|randomly|sometimes|often"
    r"|now|totally|completely"
    r"|again|currently|also|all|really|so|too|very|super|pretty|kinda|kind of|a bit|acting"
    r"|running|started|starts|start"
    r"|occasionally|periodically|regularly|repeatedly|consistently|intermittently|frequently"
    r"|usually|mostly|even|only"
    r"|absolutely|utterly|extremely|quite|rather|fully|gone|going|came back|comes back"
    r"|coming back|to be|every time|simply)"
)
_NEGATED = (
    r"(?:(?:does|do|did|is|are|was|were|has|have|can|could|will|would|ai)(?:n't| not)|can not"
    r"|won't|can't|not|never)"
    rf" (?:been |be |even |really |actually |always |seem to (?:be )?|want to |get |properly "
    rf"|currently |being )?{_FUNCTION}|no work(?:y|s|ing)?"
)
_NOT_DONE = (
    r"(?:(?:has|have)(?:n't| not)(?: been)? \w+(?:ed|en|ent|un|one|ade)"
    r"|(?:is|are|was|were)(?:n't| not) (?:being|getting) \w+)"
)
_TRIED = re.compile(
    r"^(?:i|we|someone|people|users?) (?:just )?(?:tr(?:y|ied|ies)|(?:was|were|am|are) trying"
    r"|attempted)"
    r" (?:to )?(?:use |run )?(?P<subject>.+?),? (?:and|but) (?:it |then |i |all i )*"
    r"(?:got|get|saw|see|nothing|failed|fails|crash|error|broke|no |didn't|doesn't|keep|just got)",
    re.IGNORECASE,
)
_PREDICATE = re.compile(
    rf"(?:(?<=\s)|^|(?='s ))(?:{_ADVERB}[ ,]+){{0,5}}"
    rf"(?P<bad>(?:keeps?|kept)(?: on)? (?!me|us|up|it\b|in\b|the\b|that|your|my|an?\b|going"
    rf"|track|posted|calm)\w+(?:ing)?"
    rf"|{_BAD}|{_NEGATED}|{_NOT_DONE}|(?P<weak>{_WEAK_BAD}))(?![\w-])",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"(?:\b(?:no|not|never|isn't|aren't|wasn't|weren't|without|hasn't|haven't|don't|doesn't"
    r"|didn't|nothing|won't|"
    r"any|no longer|stopped|could have|might have|would have)(?: \w+)?|\bno) $",
    re.IGNORECASE,
)
_ERROR_NOUN = (
    r"(?:errors?|exceptions?|tracebacks?|stack ?traces?|\w+(?:Error|Exception)s?|timeouts?"
    r"|crash(?:es)?|failures?"
    r"|warnings?|bugs?|problems?|issues?|trouble|glitch(?:es)?|nothing|no (?:reply|response"
    r"|answer|reaction))"
)
_RECEIVED = re.compile(
    rf"\b(?:get|gets|got|getting|see|seeing|saw|hit|hitting|receiv\w+|have|having|had"
    rf"|experienc\w+|run(?:ning)? into|ran into)"
    rf" (?:(?:an?|the|this|that|some|lots of|same|weird|strange|random|nasty|many|a lot of"
    rf"|constant|more|an internal)"
    rf" )*(?:\w+ )?{_ERROR_NOUN}(?: \d+| message| messages)?"
    rf"(?: back)?(?: (?:again|now|today|lately))?(?: (?:when(?:ever)?|from|in|with|on|after"
    rf"|while|trying|every time|if|using|for|out of)"
    rf" (?:i |we |you |someone |people |users |anyone )?(?:try to |tried to |trying to |use "
    rf"|run |using |running )?(?P<subject>.+))?$",
    re.IGNORECASE,
)
_THERE = re.compile(
    rf"\b(?:there(?:'s| is| are| was| were| seems to be| appears to be| must be| might be)"
    rf"|we have|i found|found|i've found"
    rf"|spotted|noticed|reporting) (?:(?:an?|some|another|the|still|a serious|a small|a weird"
    rf"|a nasty|definitely|clearly) )*"
    rf"(?:\w+ )?(?:{_ERROR_NOUN}|regression|fault|something (?:wrong|off|odd|weird|broken))"
    rf"(?: (?:in|with|when(?:ever)?|on|at|inside|where|from|for) (?P<subject>.+))?$",
    re.IGNORECASE,
)
_SOMETHING = re.compile(
    r"\b(?:something|smth|something's)(?:'s| is| went| has gone| seems| looks)? ?(?:really "
    r"|very |seriously )?"
    r"(?:wrong|broken|off|odd|weird|fishy|not right|up|bad|broke)(?: (?:in|with|inside"
    r"|about) (?P<subject>.+))?$",
    re.IGNORECASE,
)
_ERROR_IN = re.compile(
    rf"^(?:(?:an?|the|this|that|another|bug|weird|strange|new|random|big|small|same|old|nasty) )*"
    rf"(?:{_ERROR_NOUN}|bug report)(?: (?:in|with|when(?:ever)?|on|at|from|after|for|while|of"
    rf"|using|where) | ?: ?)(?P<subject>.+)$",
    re.IGNORECASE,
)
_UNABLE = re.compile(
    r"^(?:i|we|users|people|nobody|no one|no-one|everyone|you|one)(?: (?:still|just|really"
    r"|suddenly))?"
    r" (?:can't|can not|couldn't|can|am unable to|are unable to|is able to|was able to"
    r"|'m not able to|am not able to) "
    r"(?:(?:seem to|even|get|manage to|use|run|access|any more) )*"
    r"(?P<subject>(?:(?:set|create|run|add|roll|vote|start|delete|open|use|close|list|remove"
    r"|make|search|play|edit|post"
    r"|save|load|join|register|see|cancel|get)\b.*)|(?:\S+ (?:to work|working).*)|/\S+.*)$",
    re.IGNORECASE,
)
_OF_ONESELF = r"my (?:brain|head|back|heart|dog|cat|kids?|boss|wife|husband|stomach|eyes?)"
_ONES_OWN = re.compile(rf" {_OF_ONESELF}\b", re.IGNORECASE)  # "you broke my heart"
_FIRST_PERSON = re.compile(
    r"^(?:(?:and|but|so|because|then|now) )?(?:i|i'm|i've|i'll|we|we're|we've|he|she|he's"
    rf"|she's|they|they're|you're|you|{_OF_ONESELF}|who|someone|somebody)"
    r"(?: (?:would|could|might))?$",
    re.IGNORECASE,
)
_YOU_CRASH = re.compile(
    r"keep|crash|fail|tim(?:e|ing)|hang|error|broke|stop|spam|ignor|respon", re.I
)
_DOUBTFUL = re.compile(
    r"\bunless\b|^(?:once|in case|what if|imagine|suppose|as long as|whether)\b"
    r"|^if (?!i |you |someone |somebody |users? |people |anyone |one |we )|\b(?:would|might"
    r"|could|may) (?:be|break|crash|fail)\b"
    r"|\bi (?:think|hope|thought|bet) (?:lunch|we)\b|\bused to\b|\bdon't think\b"
    r"|\bdoubt (?:that|it)\b",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"^(?:when(?:ever)?|if|after|every time|each time|as soon as|while) (?:(?:i|we|you"
    r"|someone|somebody|users?|people|anyone|one|we) )?"
    r"(?:(?:try|tries|tried|trying) (?:to )?)?(?:(?:use|uses|using|run|runs|running|do|type"
    r"|call) )?(?P<what>.+?)$",
    re.IGNORECASE,
)
_OUTPUT_STATEMENT = re.compile(
    r"^(?P<subject>/\w\S*(?: \S+){0,4}?) (?:just )?(?:(?:says|said|shows|prints|replies|answers"
    "|responds)\\b|(?:gives|gave|returns|returned)(?: me| us)? \ue000)",  # … what is quoted
    re.IGNORECASE,
)
_CONDITION = r"\b(?:when|if|once|until|till|unless|after|as soon as)\b"
_BACK = re.compile(  # a task for when somebody returns is not a report
    rf"^(?P<subject>(?:(?!{_CONDITION}).)+?)"
    r" (?:bug|error|problem|issue|crash|fault|glitch)? ?(?:is|are|'s) back\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class FaultReport:
    subject: str
    weak: bool = False


def find_fault_report(clause: Clause) -> FaultReport | None:
    """Return what a clause says is broken; the subject is as written and may be empty."""
    text = strip_openings(clause.text).rest or clause.text
    if _DOUBTFUL.search(text):
        return None
    for pattern in (
        _TRIED,
        _UNABLE,
        _SOMETHING,
        _THERE,
        _RECEIVED,
        _ERROR_IN,
        _BACK,
        _OUTPUT_STATEMENT,
    ):
        found = pattern.search(text)
        if found and not _DENIED.search(text[: found.start()] + " "):
            return FaultReport(found["subject"] or "")
    for found in _PREDICATE.finditer(text):
        complaint = _parse_predicate(text, found)
        if complaint:
            return complaint
    return None


def _parse_predicate(text: str, found: "re.Match[str]") -> FaultReport | None:
    before = text[: found.start()].strip(" ,")
    if _DENIED.search(text[: found.start("bad")]):
        return None
    if _ONES_OWN.match(text, found.end()):
        return None
    if _FIRST_PERSON.match(before) and not (
        before.lower() == "you" and _YOU_CRASH.search(found["bad"])
    ):
        return None
    if (
        not before
        and found.start("bad") == found.start()
        and not _STANDALONE_PREDICATE.match(found["bad"])
    ):
        return None
    subject = _strip_person(before)
    named = subject if clean_subject(subject) else _find_subject_after(text[found.end() :])
    return FaultReport(named, weak=bool(found["weak"]))


_STANDALONE_PREDICATE = re.compile(
    r"keep|kept|broken|(?:does|is|did|can|won|are|has)(?:n't|'t)|not |stopped|crash(?:es|ed"
    r"|ing)|fail(?:s|ed|ing)|tim(?:es|ing)",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"^ (?:to (?:answer|run|load|open|finish|do|process)|when(?:ever)?|if|on|with|for|in"
    r"|after|while|every time) (?P<what>.{1,120})$",
    re.I,
)


def _find_subject_after(text: str) -> str:
    found = _AFTER.match(text)
    return found["what"] if found else ""


def _strip_person(before: str) -> str:
    """Return the subject of a predicate: "when I roll 2d6 it" is about "roll 2d6"."""
    while_it = re.match(r"^(?P<when>.+?),? (?:it|this|that|they|the bot|everything)$", before, re.I)
    core = while_it["when"] if while_it else before
    found = _WHEN.match(core)
    return found["what"] if found else core
