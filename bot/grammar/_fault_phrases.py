"""The phrases that ask to fix or to investigate, and those that only look like it."""

import re

FIX = re.compile(
    r"(?:fix(?:ing)?(?: up)?|repair(?:ing)?|mend(?:ing)?|unbreak(?:ing)?|heal(?:ing)?|(?:auto"
    r"|hot)-?fix|un-?bork|debork)"
    r"(?:(?= )|$)(?P<object>.*)$",
    re.IGNORECASE,
)
FIX_WEAK = re.compile(
    r"(?:sort(?:ing)? out|patch(?:ing)?(?: up)?|resolv(?:e|ing)|solv(?:e|ing)|correct(?:ing)?"
    r"|address(?:ing)?"
    r"|deal(?:ing)? with|tak(?:e|ing) care of|get(?:ting)? rid of|clear(?:ing)? up"
    r"|squash(?:ing)?|handle|stop"
    r"|prevent(?:ing)?|remedy|rectify)(?P<object> .+)$",
    re.IGNORECASE,
)
FIX_AROUND = re.compile(
    r"(?:(?:get|make|getting|making) (?P<a>.+?) (?:to )?(?:work(?:ing)?|run(?:ning)?|behave"
    r"|back up|usable|respond(?:ing)?|stop \w+ing)"
    r"(?: (?:again|properly|correctly|right|please|as (?:it should|before)))*"
    r"|(?:sort|sorting|straighten|patch) (?P<b>.+?) (?:out|up)(?: please)?"
    r"|do something about (?P<c>.+)|(?:a )?fix for (?P<d>.+)|(?:put"
    r"|bring) (?P<e>.+?) (?:right|back)|make (?P<f>it) right)$",
    re.IGNORECASE,
)
FIX_NEEDED = re.compile(
    r"^(?P<subject>.*?),? ?(?:(?:really |badly |still |also |urgently )?(?:needs?|wants?"
    r"|requires?) "
    r"(?:(?:to be )?(?:fixed|repaired|mended|sorted(?: out)?|patched)|(?:a "
    r"|some )?(?:fix(?:ing)?|repairs?|repairing|mending))"
    r"|(?:should|must|has to|have to|ought to) (?:really )?be (?:fixed|repaired|sorted))(?: .*)?$",
    re.IGNORECASE,
)
CAN_BE_FIXED = re.compile(
    r"^(?:can|could) (?P<subject>.+?) (?:please )?be (?:fixed|repaired)(?: .*)?$", re.I
)
NOT_AN_ASK = re.compile(
    r"^(?: (?:is|was|works?|worked|looks?|looked|landed|incoming|merged|deployed|pushed"
    r"|coming|in (?:progress|review|main)"
    r"|released|confirmed|attempt|seems|didn't|did|has|will|of the|of mine|on its way|ready"
    r"|up for)\b"
    r"|ing (?:is|was|the world)\b| (?:me |us |yourself |myself |up )?(?:a |an |some |the "
    r"|my )?(?:drink|lunch|dinner|breakfast|coffee"
    r"|tea|sandwich|snack|meal|salary|hair|price)\b)",
    re.IGNORECASE,
)
LOOK = re.compile(
    r"(?:investigat(?:e|ing)(?: into)?|look(?:ing)? (?:deeper |further )?into"
    r"|dig(?:ging)? (?:deeper |further )?(?:in)?to|diagnos(?:e|ing)|(?:do )?(?:some|a bit of"
    r"|a little) digging (?:on|into)"
    r"|debug(?:ging)?|troubleshoot(?:ing)?|get(?:ting)? to the bottom of|track(?:ing)? down"
    r"|root[- ]cause|find (?:the )?(?:root )?(?:cause|reason)"
    r"(?: (?:of|for|behind))?|research the (?:bug|error)|run an? investigation (?:on|of|into)"
    r"|trac(?:e|ing) (?:down|back)"
    r"|poke into|analy[sz]e|find the bug (?:in|with))(?:(?= )|$)(?P<object>.*)$",
    re.IGNORECASE,
)
LOOK_WHY = re.compile(
    r"(?:(?:find|figure|work) out|tell (?:me|us)|explain(?: to (?:me|us))?|see|check"
    r"|understand|determine|show me|let me know|any idea|any ideas|do you know"
    r"|do you have any idea|anyone know|(?:can|could) you (?:tell|say)|you know|no idea"
    r"|(?:i )?wonder(?:ing)?|know)(?: on)?,? "
    r"(?P<object>(?:why|what(?:'s| is| was| went| broke| caused| happened| causes| makes"
    r"| made)|how come|where .{1,60} (?:fail|break|crash)|if .{1,60} (?:broken|down)).*)$",
    re.IGNORECASE,
)
LOOK_WEAK = re.compile(
    r"(?:(?:take|have|taking|having|give .{1,20}) (?:an? )?(?:\w+ )?(?:look|peek|gander"
    r"|closer look)(?: (?:at|into|on))?|look(?:ing)? at|check(?:ing)?(?: (?:out|on|up on"
    r"|into))?"
    r"|examin(?:e|ing)|inspect(?:ing)?|see about|look over|look)(?:(?= )|$)(?P<object>.*)$",
    re.IGNORECASE,
)
WHAT = re.compile(
    r"(?:what(?:'s| is| was|s| has| the hell is| on earth is)? (?:actually "
    r"|exactly )?(?:wrong|up|going on|going wrong|happening|happened|"
    r"the (?:problem|matter|issue|deal|trouble|cause|reason)|broken|causing|behind|broke"
    r"|breaks|caused|causes|makes|made|making|gone wrong|went wrong|has gone wrong)"
    r"(?: (?:with|to|in|of|for|behind|over|here))?|where does (?=.*(?:fail|break|crash))"
    r"|who broke)(?:(?= )|$)(?P<object>.*)$",
    re.IGNORECASE,
)
WHY = re.compile(
    r"(?:why|how come|for what reason|what makes)(?:'s|'d| on earth| the hell)?(?:(?= )"
    r"|$)(?P<object>.*)$",
    re.IGNORECASE,
)
ODD = re.compile(
    r"\b(?:early|late|twice|always|keeps?|suddenly|so (?:long|slow)|wrong|empty|missing"
    r"|duplicates?|no longer|again|instead|"
    r"only|forever|stop(?:s|ped)?|fail\w*|crash\w*|error\w*|brok\w+|slow\w*|tim\w+ out"
    r"|nothing|randomly|n't|not|can't|never|"
    r"exception|\w+Error|hang\w*|stuck|ignor\w+|down)\b|(?<![\w/])/[a-z][\w-]+|n't\b",
    re.IGNORECASE,
)
SMALL_TALK = re.compile(
    r"^(?: (?:not|thank you|though|are you (?:called|here|named|so \w+)|do you (?:say|think"
    r"|like|exist|ask|want|call)|did you (?:choose|say|pick|do that)"
    r"|would (?:you|i|anyone)|should (?:i|we|you)|me|bother|so serious)\b)|\b(?:sky|sea|life"
    r"|people|humans|universe|cats?|dogs?|moon|sun)\b",
    re.IGNORECASE,
)
FAULT_TERM = re.compile(
    r"\b(?:bugs?|issues?|problems?|errors?|crash(?:es|ing)?|fail(?:ures?|s|ed|ing)"
    r"|exceptions?|tracebacks?|stack ?traces?|\w+Error|timeouts?|"
    r"regressions?|faults?|glitch(?:es)?|broken|slowness|lag|incident)\b",
    re.IGNORECASE,
)
I_WHO = re.compile(r"^(?:who|does|do|did|not|i|nothing)\b", re.IGNORECASE)
FALSE_GERUND = re.compile(
    r"(?:investigating|looking|digging|diagnosing|debugging|tracking|checking|taking|having"
    r"|tracing)\b",
    re.I,
)
NOT_LOOK = re.compile(
    r" (?:my (?:pr|meme|cat|dog|photo)|this (?:meme|picture|photo|gif|cute)|that (?:sunset"
    r"|meme)|mail|email|in with|like|good|who|you|me)\b",
    re.I,
)
IDLE = re.compile(
    r"what(?:'s| is) (?:up|happening|going on|the deal)(?: (?:today|tonight|this week|now"
    r"|here|everyone|guys|all|with you))*$",
    re.I,
)
PRAISED = re.compile(
    r"(?:(?:oh|wow|well|so|hey)[, ]+)*(?:(?:great|good|nice|lovely|amazing|brilliant|fine|awesome"
    r"|excellent|fantastic) (?:job|work|going|one|move)|well done|way to go|bravo|congrat\w*|kudos"
    r"|thanks|thank you|thx|cheers)\b(?: (?:for|on|with|again|at|theseus|bot|guys|all))*"
    r",? \w+ing\b",
    re.IGNORECASE,
)
"""Praise of an action: "great job breaking everything" is a remark and not a report."""
MENDS_OR_LOOKS = (FIX, FIX_WEAK, FIX_AROUND, LOOK, LOOK_WEAK, WHAT, WHY)
"""Requests to fix or to investigate, at the start of a clause without its opening."""
