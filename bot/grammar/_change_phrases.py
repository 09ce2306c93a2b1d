"""The vocabulary of requests for a change: verbs, phrases without a verb, and parts of a bot.

A verb that can only be about a program requests a change by itself. Any other verb counts only if
it is followed by a part of a bot: "default /poll to two options" counts, "set a date" does not. So
neither list has to be complete.
"""

import re

from bot.grammar._spelling import to_token_set

_DETERMINER = (
    r"(?:(?:an?|the|all|every|each|both|some|more|fewer|any|new|other|another|its?|their|our|your"
    r"|my|this|that|these|those|two|only)\b|/[a-z]|\d|\ue000)"
)
CERTAIN = re.compile(rf"^\S+(?: (?:up|to|how))? {_DETERMINER}", re.IGNORECASE)
"""A certain order: only a verb comes before a determiner or a command."""

# An action on the speaker or another person is asked of the running bot, not of its code.
_NOT_TO_PEOPLE = r"(?! (?:me|us|him|her|them|myself|yourself|@\S+|\d+ and \d)\b)"

ORDER = re.compile(
    rf"(?:(?:add|allow|enabl|implement|introduc|support|renam|rewrit|refactor|redesign|restyl"
    rf"|reword|rephras|reformat|rework|reorgani[sz]|shorten|simplif|improv|enhanc|optimi[sz]"
    rf"|streamlin|document|locali[sz]|moderni[sz]|prettif|polish|tidy(?:ing)?|clean(?:ing)? up"
    rf"|speed(?:ing)? up|extend|expand|integrat|upgrad|increas|decreas|reduc|lower|restrict"
    rf"|replac|paginat|deprecat|generali[sz]|unif|adjust|tweak|port|cap|cach|disabl|hid|includ"
    rf"|exclud)(?:e|y|ing|ying)?(?:(?= \S){_NOT_TO_PEOPLE})"
    r"|translat(?:e|ing) (?!(?:this|that|it|what)\b)"
    r"|let(?:ting)? (?!(?:it|go|alone)\b|(?:me|us) (?:know|see|think|check|try|look|explain|guess"
    r"|tell|ask|show)\b|'s)\S+ (?!know\b)\S"
    r"|mak(?:e|ing) (?!(?:me|us|love|sense|fun|friends|way|up|do|my day|coffee|tea|lunch|dinner"
    r"|breakfast|peace)\b|an? (?:joke|note|guess|wish|mess|deal|call)\b)\S+ \S"
    r"|(?:learn|teach yourself)(?:ing)? (?:to|how to) \S"
    r"|writ(?:e|ing) (?:(?!about\b)\S+ ){0,3}?(?:tests?|docs?|documentation|docstrings?"
    r"|help texts?)\b"
    r"|be(?:ing)? (?:a (?:bit|little|lot) |much |far )?(?:less|more|shorter|kinder|nicer|briefer"
    r"|friendlier|quieter|clearer|politer|ruder|funnier|stricter|faster|slower|louder)\b"
    r"|(?:talk|speak|write|say|post|ping|answer|reply|sound|act|react)(?:ing)? (?:\S+ ){0,3}?"
    r"(?:less|more (?!than)|shorter|longer|nicer|friendlier|faster)\b)",
    re.IGNORECASE,
)
"""A clause that orders a change, whatever it is about."""

BOT_PART = re.compile(
    r"(?<![\w/.:])/[a-z][\w-]*|\b(?:(?:sub)?commands?|options?|parameters?|arguments?|buttons?"
    r"|menus?|dropdowns?|modals?|forms?|embeds?|cogs?|modules?|features?|settings?|config(?:uration)?"
    r"|prefix(?:es)?|cooldowns?|permissions?|alias(?:es)?|autocomplet\w+|emojis?|reactions?"
    r"|colou?rs?|footer|titles?|help(?: texts?)?|descriptions?|docs|documentation|docstrings?"
    r"|readme|changelog|tests?|test coverage|typos?|wording|spelling|labels?|prompts?|persona"
    r"|skills?|logs?|logging|cach(?:e|ing)|time ?outs?|time ?zones?|defaults?|limits?|output"
    r"|time ?stamps?|placeholders?|paginat\w+|pages?|format(?:ting)?|notifications?"
    r"|leaderboards?|polls|(?<!\ba )poll|reminders|slash|webhooks?|database"
    r"|languages?|translations?|validation)\b",
    re.IGNORECASE,
)
"""What a bot is made of."""

PERFORMED = to_token_set(
    """
    use try run type press click see read check tell explain describe ask thank look watch call
    ping answer ignore send say start restart retry reload repeat find search wait go come think
    love like hate enjoy roll play stop cancel keep give get bring open close show list print
    post vote join leave help be do have remind remember forget note fix repair know is are
    was were has had did does am will would can could should must may might in on at by for with
    without of from to as if when while where who what which why how since until after before than
    then there here and but or so not no yes nope thanks nice good great cool a an the all some my
    your our this that these those its it i you he she we they people everyone nobody somebody
    both every each any much many most more less only just still even because today tomorrow
    yesterday tonight about around per via under over between into onto off out up down
    too very really maybe ok okay sorry hey hi
    """
)
"""First words that order no change of what follows: they use it, or there is no verb at all.

Only a wish makes such a clause a request."""
DISPLAY_VERB = re.compile(
    r"(?:show|list|print|display|keep|get|have|give|post|put|use(?! /)|send|close|open|start|search"
    r"|find|ask(?= for| before| whether)) (?!(?:me|us|him|her|them|this|that|it|my|your|@\S+)\b)\S",
    re.IGNORECASE,
)
"""Those of them that request a change if the clause also says how something should be shown."""
HOW = re.compile(
    r"\b(?:in|as|with|without|for|by|after|before|when|where|who|how|instead|only|per"
    r"|longer|shorter|first|last|next to|under|above|below|of)\b",
    re.IGNORECASE,
)

DESIRE_PHRASE = re.compile(
    r"^(?:and )?(?:it(?:'d| would)|that(?:'d| would)|would|might) be (?:really |so |very |super )?"
    r"(?:nice|great|cool|good|lovely|awesome|handy|useful|helpful|neat|amazing|fun|better|ideal)"
    r" (?:if|to|for|when)\b|^it(?:'d| would) be (?:\w+ ){0,2}\w+ if (?!you|i )"
    r"|\bi (?:really |just )?wish (?:there|the|we could|i could|this|that|it|/|people|users|every)"
    r"|\b(?:i|we)(?:'d| would) (?:really |also )?(?:like|love)(?: to (?:have|be able)"
    r"|(?: is)?(?: an?| the| some) (?:way|option|command|button|setting|ability)| if (?!you)"
    r"| for (?!you))"
    r"|\bthere (?:should|could|ought to) (?:also )?be\b|\bshould be (?:able to|possible to"
    r"|configurable|optional|customi[sz]able)\b"
    r"|\bshould (?:also |really |always |only )?(?:accept|allow|support|offer|take|show|let"
    r"|include|be able to|work with|work in|remember)\b"
    r"|\bshould (?:also |really )?have (?:an?|the|some|more|its)\b"
    r"|\bbot should (?:also )?(?!(?:not|be|have|say|read|give|answer|return|stop)\b)\w+"
    r"|(?<!help )(?<!coffee )would be (?:nice|great|cool|handy|useful|helpful|lovely)"
    r"(?: to have\b|$)"
    r"|\b(?:i|we) (?:want|need) (?:to be able to|there to be)\b"
    r"|^(?:give|offer) .{1,60} (?:ability|option|possibility|chance) (?:to|of)\b"
    r"|^(?:an? )?(?:\S+ )?command (?:to|for|that|with|which)\b"
    r"|\bcould (?:also )?(?:accept|allow|support|offer|take)\b|\bcould (?:also )?have (?:an?|some"
    r"|more|its)\b"
    r"|(?<!\bi )\bneeds? (?:an?|some|more|better) (?!(?:fix|repair|restart|look|hug|break|hand|help"
    r"|minute|second|moment|coffee|nap|drink|lot|bit)\b)\w+"
    r"|^(?:(?:i|we) (?:need|want) )?(?:an? |the |more |better |any |some )?"
    r"(?:support for|support \S+ing|option (?:to|for)|ability to|possibility (?:to|of)|way to"
    r"|command (?:to|for|that|which)|button (?:to|for|that)|setting (?:to|for)"
    r"|alias(?:es)? for|tests? for|confirmation (?:for|before)|feature (?:to|for|that))\b"
    r"|^(?:get|have) (?:an?|some|more) (?=.*(?:commands?|options?|buttons?|settings?|features?"
    r"|support|way to)\b)"
    r"|\b(?:feature request|typos? in|misspell\w*|misspelt)\b"
    r"|^(?:how|what) about (?:an?|some|more) ",
    re.IGNORECASE,
)
"""A clause that wishes for a change and orders nothing."""

_NOT_PRONOUN = r"(?!(?:you|u|i|we|it|this|that|he|she|they|there|some\w+|any\w+)\b)"
PART_DESIRE_PHRASE = re.compile(
    r"^(?:(?:(?:it|that)(?:'d| would)|would) be (?:\w+ ){1,3}if (?!you\b|i\b)"
    rf"|(?:is there )?any chance (?:that )?{_NOT_PRONOUN}(?:\S+ ){{1,4}}?(?:could|can|would|will)\b"
    rf"|could {_NOT_PRONOUN}(?:\S+ ){{1,3}}?(?!be (?:the|an?|because|why|that)\b)[a-z]+"
    rf"|can {_NOT_PRONOUN}(?:\S+ ){{1,3}}?please [a-z]+"
    r"|(?:would|(?:i|we)(?:'d| would)) (?:really )?(?:like|love)"
    r" (?:an?|the|some|more|to have)\b(?! polls?\b)"
    r"|(?:(?:i|we)(?:'d| would) (?:like|love|prefer)|(?:i|we) want)"
    r" (?!you\b|to\b|me\b|him\b|her\b|them\b)(?:\S+ ){1,3}?to \w+"
    r"|(?:how|what) about (?:an?|some|more) "
    r"|why (?:is|are) there no (?:/[a-z]|(?:way|option|button|command|setting|help|docs)\b)"
    r"|get(?:ting)? rid of)"
    rf"|\bi (?:really |just )?wish {_NOT_PRONOUN}(?:\S+ ){{1,3}}?(?:could|would|had|were|was|did)\b"
    r"|\bshould (?:not |only )?[a-z]+ (?:themselves|itself|automatically|by default)\b"
    r"|^stop \w+ing \S+ (?:\S+ )?(?:when(?:ever)?|after|if|every time|each time) ",
    re.IGNORECASE,
)
"""General remarks that request a change only if they are about a part of a bot."""

TEXT_OR_TEST = re.compile(
    r"\b(?:typos?|misspell\w*|misspelt|spelling|wording|grammar|help texts?|docs|documentation"
    r"|docstrings?|readme|tests?|test coverage|descriptions?)\b",
    re.IGNORECASE,
)
"""Texts and tests: to fix one of them is a change of it, not a repair of a failure."""

DISLIKED = re.compile(
    r"\b(?:is|are|looks?|feels?|sounds?|'s|'re|was|were) (?:\w+ ){0,2}?(?:ugly|hideous|confusing"
    r"|unclear|boring|dull|chatty|verbose|wordy|noisy|cryptic|clunky|cluttered|bland|untested"
    r"|undocumented|hard to \w+|difficult to \w+)\b"
    r"|\b(?:is|are|looks?|feels?|sounds?|'s|'re) (?:\w+ )?too (?!(?:late|early|slow|high|low"
    r"|many|few|much|kind|funny|good|cute|nice|cool|sweet|soon|old|bad|often|expensive)\b)\w+"
    r"|\b(?:has|have|with) no (?:tests?|docs|documentation|help|description|confirmation)\b"
    r"|\bthere(?:'s| is| are) no (?:tests?|docs|documentation|help|way|option|command) (?:for|to)"
    r"|\b(?:docs|documentation|docstrings?|readme|wording|spelling|grammar|help texts?"
    r"|descriptions?)\b.{0,60}\b(?:wrong|outdated|out of date|missing|unclear|confusing|off|odd"
    r"|stale|incomplete)\b"
    r"|\b(?:ugly|untested|undocumented|misspelt)\b",
    re.IGNORECASE,
)
"""Dislike of how something is, without a failure."""

TITLED = re.compile(
    r"^\W*(?:feature(?:[ -](?:request|idea|suggestion))?|suggestions?|enhancement|idea|wish"
    r"(?: ?list)?|request|feat(?:\([^)]*\))?)\W*[:\]\-)]+\s*(?P<rest>\w.+)",
    re.IGNORECASE | re.DOTALL,
)
"""A message whose title says that it is a feature request."""
