"""The phrases of questions about the bot, and those that show the topic."""

import re

from bot.domain.intents import Topic

TELL = re.compile(
    r"(?:(?:(?:please )?(?:tell|show|remind|give) (?:me|us)|explain(?: to (?:me|us))?|list|describe"
    r"|summari[sz]e|recap|let me know|(?:do you |anyone |anybody )?know|(?:do you have )?any ideas?"
    r"|(?:i(?:'m| am)? |just )*(?:wonder(?:ing)?|curious)|i(?:'d| would)? (?:like|want) to know"
    r"|(?:can|could) (?:i|we) (?:see|get|have))\b,? ?)(?:(?:if|whether|about|a list of"
    r"|all|again)\b ?)*",
    re.IGNORECASE,
)
"""A request to be told, before the question itself: "tell me"."""

_SUBJECT = (
    r"(?= (?:i|we|you|it|he|she|they|this|that|these|those|the|an?|any\w*|some\w*|every\w*|all|your"
    r"|our|my|there|people|somebody|nobody|one|not)\b| [/#])"
)
_AUXILIARY = (
    r"(?:is|are|was|were|did|does|has|had|can|could|may|might|will|would|should|am)(?:n't)?"
)
ASKS = re.compile(
    r"(?:by |since |for |on |in |to )?(?:any\w* |(?:what|which|who|whom|whose|why|how|where)\b"
    rf"|when(?: exactly| last)?(?:$| {_AUXILIARY})"  # "when I use it, it fails" is not a question
    rf"|{_AUXILIARY}{_SUBJECT}(?! not )"
    # "have the bot say so" and "do the same" are orders
    r"|(?:do|have)(?:n't)? (?:i|we|you|they|people|there|any\w*|the (?:tests|checks|flags))\b)",
    re.IGNORECASE,
)
"""How a question begins: "can merge" is none, and "don't touch it" is an order."""
NAMES_WHAT_IS_ASKED = re.compile(
    r"^(?:(?:an?|the) )?(?:quick |short )?(?:summary|rundown|overview|recap|changelog|history|diff"
    r"|tl;?dr)\b(?! (?:is|was|are|were|has|should|looks)\b)",
    re.IGNORECASE,
)
"""A question without a question word: "summary of this week please"."""
ASKS_WITH_MARK = re.compile(
    r"(?:any\w*|every\w*|all|the|this|that|your|our|it|still|no|new|open|recent|last|latest|when)\b",
    re.IGNORECASE,
)
"""Openings that are a question only with a question mark: "any incidents?"."""
IN_A_MANNER = re.compile(
    r"(?: to (?:me|us))?,? (?:like|as if) (?:i|we)(?: a|'[mr]e?)\b.*$"
    r"|\b(?:actually|really|exactly|please|plz|pls|btw) ?",
    re.IGNORECASE,
)
"""Politeness and style of a question, without content."""
DEFINES = re.compile(r"what (?:is|are|does|do) an? ", re.IGNORECASE)
"""Asks what a word means."""

_WORK = (
    r"(?:fix|fixes|change|changes|proposals?|prs?|pull requests?|runs?|merges?|reverts?"
    r"|patch(?:es)?"
    r"|diffs?|plans?|approach|solution|candidate|commits?|investigation|thread|rehearsal)"
)
WORK = re.compile(rf"\b{_WORK}\b", re.IGNORECASE)
"""Names the bot's work."""
ABOUT_WORK = re.compile(rf"\b(?:{_WORK}|it|this|that|them|those|these)\b", re.IGNORECASE)
"""Names the bot's work, or points at it."""
_DECIDE = (
    r"(?:ship\w*|approv\w+|merg\w+|reject\w*|revert\w*|roll\w* (?:it |this |that |them )?back"
    r"|sign\w* off|releas\w+"
    r"|deploy\w*)"
)
DECIDED = re.compile(rf"\b{_DECIDE}\b", re.IGNORECASE)
"""Names what people decide about the bot's work."""
_STEER = (
    r"(?:stop\w*|cancel\w*|paus\w+|resum\w+|interrupt|shut|halt|undo\w*|take|took|taken"
    r"|turn|switch)"
)
CAN_LATER = re.compile(
    r"(?:can|could) (?:we|i|you|one|it|this|that) (?:still |always |be |also ){0,2}"
    r"(?:undo|undone|revert(?:ed)?|roll(?:ed)?|take|taken)\b.*\b(?:later|afterwards|if|in case)\b",
    re.IGNORECASE,
)
"""Asks whether a revert is possible, and requests none."""
MAY_ANYONE = re.compile(rf"may @?\w+ (?:also )?{_DECIDE}\b", re.IGNORECASE)
"""Asks what a named person may decide."""
_FAIL = (
    r"(?:fail\w*|crash\w*|br(?:o|ea)k\w*|errors?|errored|raised?|time[ds]? out|timing out"
    r"|wrong|down)"
)

_PATTERNS: tuple[tuple[Topic, str], ...] = (
    (
        Topic.TENDENCY,
        rf"^(?:what|which)\b.*\b(?:tend\w*|usually|often|typically|mostly|likely)\b.*\b{_FAIL}\b"
        r".*\b(?:with|in|when|if|after|around|from)\b"
        rf"|^(?:what|which)\b.*\b{_FAIL}\b (?:when|if|whenever|after)\b.*"
        r"\b(?:chang\w+|touch\w*|edit\w*)\b.*\.py\b",
    ),
    (
        Topic.CAUSE,
        r"^(?:why|how come|what (?:made|led)|what (?:is|was) (?:the|your) (?:root )?(?:reason\w*"
        r"|rationale"
        r"|cause)|the (?:reason\w*|rationale|(?:root )?cause)|what (?:caused|causes|went wrong"
        r"|was wrong|was it$|was the (?:bug|problem|issue|fault)))\b"
        r"|^(?:who|(?:what|which) (?:commit|change|merge|version|file|line))\b.* (?:broke"
        r"|introduced|(?:was|is) (?:it|to blame))\b",
    ),
    (
        Topic.BROKEN,
        r"^(?!.*\b(?:fix|mend|repair|chang|break this|could|might|when|often|times|last (?:fail"
        r"|crash|err))\w*)"
        r"(?=.*\b(?:broken|failing|crashing|errors|incidents?|outages?|on fire|healthy)\b)",
    ),
    (
        Topic.HOW_TO,
        rf"^(?:how\b.* (?:i|we|one|people|somebody|to)"
        rf"|what (?:do|can|should|must) (?:i|we) (?:have to )?(?:say|do|type|write|press))\b.* "
        rf"(?:{_DECIDE}|{_STEER}|get rid|report|request|wish|disable)\b"
        r"|^what (?:happens|will happen) (?:if|when) (?:i|we|one|people) (?:say|type|write"
        r"|press)\b",
    ),
    (
        Topic.PEOPLE,
        rf"^who\b.* (?:may|can|could|allowed|gets?|right|able|decides?|has|must"
        rf"|needs) .*(?:{_DECIDE}"
        rf"|{_STEER}|ask|change)|^who\b.*\b(?:(?:allow-?)?list|approvers?|developers?|maintainers?"
        rf"|listed|admins?)\b|^(?:am|are|do) (?:i|we)\b.*\b(?:allowed|listed|list|permission"
        rf"|rights?)\b"
        rf"|^(?:may|can|could) (?:i|we) (?:also )?{_DECIDE}\b",
    ),
    (
        Topic.WHO,
        rf"^(?:by )?who(?:m|se)?\b(?! (?:wrote|made|built|created) you$).*\b(?:{_DECIDE}|{_STEER}"
        r"|ask\w*|request\w*|want\w*|review\w*|author"
        r"|wrote|made|chang\w+|report\w*|start\w*|began|said|wish\w*|add\w*|responsible|decid\w+)\b"
        rf"|^when (?:did|was|were|has|is)\b.*\b(?:{_DECIDE}|live|land\w*|chang\w+|add\w*|made"
        rf"|propos\w+|fix\w*)\b",
    ),
    (
        Topic.COST,
        r"\b(?:costs?|costly|burn\w*|price|expensive|cheap|spen[dt]|paid|pay|dollars|usd"
        r"|tokens?)\b|^how much (?:is|was|were)\b",
    ),
    (Topic.FLAGS, r"\b(?:feature )?(?:flags?|toggles?|switches)\b"),
    (
        Topic.SKILLS,
        r"^(?:which|what|how many)(?: of)?(?: your)? skills?\b.*\b(?:you|your|there|exist|used?"
        r"|unused|models?|loaded|refused|broken|new)\b|\byour(?: \w+)? skills?\b"
        r"|^(?:all )?(?:the )?(?:list of )?skills?$|^the (?:[\w-]+ ){1,5}skill\b(?: .*)?$"
        r"|^what does the (?:[\w-]+ ){1,5}skill\b",
    ),
    (
        Topic.MEMORY,
        r"\b(?:remember(?! (?:me|us|when|how)\b)|recall|memory|memories|learned|learnt|you learn"
        r"|lessons?"
        r"|notes?|noted|know about)\b",
    ),
    (
        Topic.FEATURE_REQUESTS,
        r"\b(?:wish\w*|feature requests?|ideas|suggestions|most (?:wanted|requested))\b"
        r"|\b(?:people|users|they|everybody|everyone|folks|members) (?:want|ask|request)"
        r"(?:ed|ing)?\b",
    ),
    (
        Topic.USE,
        r"^(?!.*\byou use\b)(?:how (?:often|much|many|popular)|which|what|who|does|do|is|are"
        r"|has)\b.*"
        r"\b(?:us(?:e|es|ed|ing|ers?)|unused|popular|invoked|asked for)\b",
    ),
    (
        Topic.FAILURES,
        rf"^(?:(?:when|since when) (?:did|was|were|has|have|does)|how often|how many times"
        rf"|how long ago)\b.*\b{_FAIL}\b|\blast (?:failure|error|crash)\b",
    ),
    (
        Topic.LIVE,
        r"^(?!what was in\b)\b(?:which|what|whose)\b.*\b(?:commit|version|revision|sha|build"
        r"|release|code|branch)\b"
        r"|\bup[ -]to[ -]date\b|\boutdated\b|\b(?:latest|newest) (?:version|code|commit|release)\b"
        r"|^what is (?:live|deployed|running live|in prod\w*)\b",
    ),
    (
        Topic.RISK,
        r"\b(?:could|can|might|may|would|will|does|if)\b.*\b(?:break|breaks|go wrong|goes wrong"
        r"|fail|harm|cause)\b"
        r"|\b(?:risks?|risky|dangerous|danger|side ?effects?|worst case|impact|affects?|affected"
        r"|safe|touch(?:es)?|the worst|blast radius)\b|^what (?:happens|if|would happen"
        r"|will happen)\b",
    ),
    (
        Topic.PROOF,
        r"\bhow (?:sure|certain|confident)\b|\b(?:how (?:do|did|can|are) (?:you|we|i)|how (?:was"
        r"|is)|are you)\b.*\b(?:know"
        r"|sure|certain|confident|tell|prove[dns]?|verif\w+|check\w*|test\w*)\b"
        r"|\b(?:proof|prove[dns]?|verify|evidence|tests?|tested|tried|try|checks|checked|verified"
        r"|confidence)\b",
    ),
    (
        Topic.WATCH,
        r"\b(?:watch\w*|monitor\w*|keep(?:ing)? an eye|h[eo]ld(?:s|ing)?|c[oa]me back|recur\w*"
        r"|verdict|regress\w*|happen\w* (?:again|since)|seen (?:it |that )?(?:again|since)|stick)\b"
        rf"|^(?:did|does|has|is) (?:it|this|that|the (?:\w+ )?{_WORK}|your (?:\w+ )?{_WORK})"
        r" (?:really |actually )?(?:help|helped|work|worked|working)\b",
    ),
    (
        Topic.WAITING,
        r"\b(?:wait(?:s|ing)?|blocked|pending|unshipped|unmerged|outstanding|need\w* (?:me|us"
        r"|anything|something"
        r"|review"
        r"|approval"
        r"|a decision|attention|my)|to (?:review|approve|ship|decide)|open (?:proposals?|prs?"
        r"|pull requests?|runs?|questions?)|still open)\b",
    ),
    (
        Topic.ABILITIES,
        r"^(?:what|which)\b.*\b(?:can|could)\b.*\b(?:you|i)\b|\b(?:able to|capable|good at|good for"
        r"|capabilities|abilities|skills|powers)\b|^(?:who|what) are you\b|^how do you work\b"
        r"|^what do you do\b|\b(?:your|(?:which|what) (?=.*(?:have|support|offer|know|there)\b))"
        r" ?(?:commands|features)\b",
    ),
    (
        Topic.CHANGES,
        r"\b(?:chang\w+|ship\w*|merg\w+|fix\w*|deploy\w*|releas\w+|new|news|revert\w*|repair\w*"
        r"|mend\w*|done|did you do|you (?:been )?(?:up to|doing)|add(?:ed|s)?|remov\w+|improv\w+"
        r"|happen\w*|accomplish\w*|summary|changelog|rundown|overview|recap|history of|diff|tl;?dr"
        r"|touched|proposed|propose|worked on|went (?:out|live)"
        r"|(?:the bot|theseus) (?:do|done|did)|you did)\b",
    ),
    (
        Topic.BROKEN,
        rf"\b(?:anything|something|everything|all|things|any|what|which|how|there)\b.*\b(?:{_FAIL}"
        r"|incidents?|faults?|failures?|bugs?|problems?|issues?|outages?|ok|okay|fine|healthy"
        r"|health|working|well|good|fire)\b",
    ),
)
TOPICS = tuple((topic, re.compile(pattern, re.IGNORECASE)) for topic, pattern in _PATTERNS)
"""The pattern of each topic; the first match wins."""

NAMED_FREELY = frozenset({Topic.TENDENCY, Topic.MEMORY, Topic.FAILURES, Topic.USE, Topic.SKILLS})
"""Topics whose subject may be any text: "when did rolling dice last fail"."""

ABOUT_WHAT_IT_MEETS = re.compile(
    rf"why (?:not|did you not|do you not|can you not)\b|.*\b(?:{_WORK}|it|this|that)\b",
    re.IGNORECASE,
)
"""In a run's thread: questions about its fix and its effects ("will this affect Bob's polls?")."""
MEETS_ANYTHING = frozenset({Topic.RISK, Topic.CAUSE})
"""Topics that such questions can have."""
