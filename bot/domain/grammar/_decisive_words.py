"""The words that reject, revert, stop, cancel, pause and resume: patterns for whole clauses."""

import re

END = (
    r"(?: (?:please|now|then|already|immediately|right (?:now|away)|straight away|asap|thanks"
    r"|thank you"
    r"|thx|ty|cheers|theseus|bot|mate|buddy|for (?:me|us)|everyone|team|folks|ok|okay))*"
)
OBJECT = (
    r"(?:it|this|that|this one|that one|them|these|everything here"
    r"|(?:the|this|that|your|my|our) (?:fix|change|changes|pr|pull request|proposal|patch"
    r"|branch|diff|thing|one|run)"
    r"(?: #?\d{1,7})?|(?:the )?(?:pr|pull request|proposal|run) ?#?[0-9a-z]{1,12}|#\d{1,7})"
)
WHERE = r"(?: (?:to|into|in) (?:main|master|prod|production|trunk))?"
REJECT = re.compile(
    rf"(?:(?:reject|decline|deny|veto|nack|discard|scrap|bin|trash|ditch|refuse|close|dismiss"
    rf"|abandon)"
    rf"(?:ed)? {OBJECT}|(?:reject|rejected|nack|declined?|vetoed|veto|discard)"
    rf"|throw (?:it|this|that) (?:away|out)|(?:do not|don't|never) (?:ship|merge|deploy"
    rf"|release|land)(?: {OBJECT}){WHERE}"
    rf"|(?:not|don't|do not) (?:shipping|merging|merge|ship)(?: {OBJECT})?|i (?:reject"
    rf"|decline) {OBJECT}"
    rf"|(?:we are|we're|i'm|i am) not (?:shipping|merging|going to (?:ship"
    rf"|merge)) {OBJECT})(?: as (?:it )?is)?{END}",
    re.ASCII | re.IGNORECASE,
)
REJECT_HERE = re.compile(rf"(?:drop|kill|no to) (?:it|this|that){END}", re.ASCII | re.IGNORECASE)
_REVERT_OBJECT = (
    rf"(?:{OBJECT}|(?:the |that |your |this )?(?:last|latest|previous|most recent|recent)"
    r"(?: (?:fix|change|merge|pr|pull request|patch|deploy|deployment|release|commit|thing"
    r"|one|run))?"
    r"|(?:the |that |your |this )(?:merge|deploy|deployment|release|commit|shipment))"
)
REVERT = re.compile(
    rf"(?:(?:revert|undo|rollback|roll back|back out|unship|unmerge)(?: {_REVERT_OBJECT})"
    rf"|(?:roll|back|take|pull) {_REVERT_OBJECT} (?:back|out)(?: out)?|revert|rollback|roll back)"
    rf"(?: to (?:how|what|the way) it was(?: before)?)?{END}",
    re.ASCII | re.IGNORECASE,
)
STOP = re.compile(
    r"(?:shut (?:everything|it all|all of it) (?:down|off)|(?:stop|halt|kill|abort|freeze"
    r"|cease|shut ?down|end) (?:absolutely )?(?:everything"
    r"|all (?:of it|runs|work|activity|the runs)"
    rf"|all|every run|all your (?:runs|work)|all autonomous work)|(?:emergency|panic"
    rf"|e)[ -]?stop|stop-everything"
    r"|(?:hit|pull|press) the (?:kill ?switch|emergency stop|plug|brakes?|emergency brake"
    r"|red button)|kill ?switch"
    rf"|everything stop|cancel everything|(?:emergency|panic) (?:shutdown|halt)"
    rf"|emergency)(?: (?:at once))?{END}",
    re.ASCII | re.IGNORECASE,
)
_RUN = (
    r"(?: (?:it|this|that|this one|that one|the run|this run|that run|your run|the (?:current"
    r"|last|latest) (?:run|one)|(?:the )?run #?[0-9a-z]{1,12}|[0-9a-z]*\d[0-9a-z]*|the (?:fix"
    r"|investigation|work|search)|this (?:fix|investigation)|what you(?:'re| are) doing"
    r"|working(?: on (?:it|this|that))?|whatever you(?:'re| are) doing))"
)
CANCEL = re.compile(
    rf"(?:(?:cancel|abort|stop|halt|kill|end|quit){_RUN}|cancel|cancelled|canceled|abort|stop"
    rf"|halt|call (?:it|this) off"
    rf"|never ?mind|nvm|forget (?:about )?it|don't bother|do not bother"
    rf"|stop working(?: on (?:it|this|that))?"
    rf"|(?:give up|drop)(?: on)? (?:it|this|that)|drop (?:the|this) run|scrap (?:it|this|that"
    rf"|the run)"
    rf"|(?:you can |please )?leave it(?: be| alone)?){END}",
    re.ASCII | re.IGNORECASE,
)
UNTIL = re.compile(
    r" (?:for (?:the )?(?P<span>(?!me\b|us\b|now\b).{1,60})|(?P<when>(?:until|till|til|'til"
    r"|while|whilst|during|before) .{1,80}))$",
    re.IGNORECASE,
)
_THINGS = (
    r"(?:it|this|everything|yourself|work|working|all (?:work|runs|changes|autonomous work)"
    r"|(?:the |all |your |any )?"
    r"(?:autonomous |automatic |self[- ]?)?(?:work|changes|improvements?|modifications|runs?"
    r"|fixes|fixing|repairs|edits)"
    r"|run #?[0-9a-z]{1,12}|theseus|the bot|things|any work|making changes|new runs)"
)
_PAUSED = f"(?: {_THINGS})"
PAUSE = re.compile(
    rf"(?:pause{_PAUSED}?|(?:go|be) (?:on pause|quiet|idle)|hold off(?: on{_PAUSED})?"
    rf"|take (?:a break|five)|stand down"
    rf"|(?:put|place){_PAUSED} on (?:hold|pause)|suspend{_PAUSED}|stop (?:making (?:changes"
    rf"|fixes|edits)|autonomous work|fixing things))"
    rf"(?: for now| for a (?:bit|while|moment))?{END}",
    re.ASCII | re.IGNORECASE,
)
RESUME = re.compile(
    rf"(?:resume{_PAUSED}?|un-?pause{_PAUSED}?|carry on|continue|keep going|go on"
    rf"|back to work|(?:get|go) back to work"
    r"|(?:start|begin|get going|get to work|work) again|start working(?: again)?"
    r"|lift the (?:stop|pause|freeze|emergency stop)"
    rf"|(?:end|clear|remove) the (?:pause|stop|emergency stop)|pick (?:it|this) up again"
    rf"|wake up)(?: again)?{END}",
    re.ASCII | re.IGNORECASE,
)
POLITE = re.compile(
    r"(?:(?:can|could|would|will) (?:you|we)(?: please| just| kindly)?|would you mind|i(?:'d"
    r"| would) like (?:you )?to"
    r"|i want (?:you )?to|i think (?:you|we) should|we (?:should|need to|have to)|let's"
    r"|you (?:need|have) to"
    r"|please|no|nope|nah|actually|ok|okay|sorry|wait|hey|hi|theseus|bot|ugh|argh|oh|hmm|well"
    r"|just|and|so|then|yes|yeah"
    r"|thanks|thank you|alright|right|you can|you may|now|go ahead and|everyone|quick|quickly"
    r"|for now|also|stop"
    r"|i changed my mind|on second thought)(?=[ ,])[ ,]+",
    re.ASCII | re.IGNORECASE,
)
ALONE = re.compile(
    r"(?:please|no|nope|nah|actually|ok|okay|sorry|wait|hey|hi|theseus|bot|ugh|argh|oh|oh no"
    r"|hmm|well|yes|yeah|thanks"
    r"|no,? thanks?(?: you)?|thank you|thank you so much|thx|alright|right|now"
    r"|i changed my mind|changed my mind"
    r"|my mistake|on second thought"
    r"|hello|good morning|we're deploying|we are deploying|all good|all clear|we're done"
    r"|i'm done|done|good|great|nice"
    r"|not good enough|not good|wrong approach|bad idea|that's wrong|this is wrong"
    r"|that's not (?:it|right)|it's wrong"
    r"|not worth it|not what i (?:asked for|wanted|meant)|(?:it|that|this) made (?:it"
    r"|things) worse|it's worse|too risky"
    r"|i don't like (?:it|this|that)|it (?:broke|breaks) (?:everything|things|more)"
    r"|that broke (?:everything|things)"
    r"|emergency|stop|right now|immediately|at once|now please|asap|perfect|cool"
    r"|that's enough|enough|not needed"
    r"|we don't need (?:it|this)|this is bad|that's bad|i found it myself|i fixed it myself"
    r"|it's fine|no need|not needed anymore)",
    re.ASCII | re.IGNORECASE,
)
REJECT_PLAIN = re.compile(rf"(?:reject|decline|veto|discard) {OBJECT}{END}", re.ASCII | re.I)
