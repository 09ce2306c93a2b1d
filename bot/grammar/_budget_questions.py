"""Questions about what the bot costs: answered by rules, so that none of them costs anything."""

import re

_WE = r"(?:we|you|it|the bot|theseus|i|they|everyone|everybody|models?|the models?|run \S{1,12})"
_WHEN = (
    r"(?:,? (?:so far|already|now|right now|yet|in total|altogether|overall|lately|recently"
    r"|today|yesterday|this (?:week|month|run|hour)|(?:in |over |for )?(?:the )?(?:last|past) \S+"
    r"(?: \S+)?|per (?:day|week|run|person)|by now|up to now|on (?:models|tokens|claude|this run"
    r"|this|it)))*"
)
_MONEY = (
    r"(?:(?:daily |weekly |token |model |current |remaining |our |your |the |run |total |api )*"
    r"(?:budget|budgets|spending|spend|costs?|bill|caps?|expenses|token usage|tokens used"
    r"|usage))"
)
BUDGET = re.compile(
    rf"(?:how (?:much|many)(?: (?:money|tokens?|budget|cash|dollars|usd))?"
    rf"(?: (?:have|has|did|do|does|are|is|will))? {_WE}"
    r" (?:spent|spend|spending|used|use|cost|costs|costing|burnt|burned|burn|burning|blown"
    rf"|gone through|got left|have left|paid|pay)(?: (?:up|through|so far))?{_WHEN}"
    rf"|how (?:much|many)(?: (?:money|tokens?|budget|of (?:the|our|your) budget))"
    rf" (?:is|are|was|were|do we have|have we|do you have|has been|have been|did)"
    rf" ?(?:left|spent|used|remaining|there)?(?: left)?{_WHEN}"
    rf"|what (?:did|does|do|has|have|will) {_WE} cost{_WHEN}"
    rf"|what (?:have|has|did|do|are|is) {_WE} (?:spent|spend|spending|cost|costing|paid|pay|paying)"
    rf"(?: (?:on|for) .{{1,40}}?)?{_WHEN}"
    r"|(?!(?:usage|caps?|bills?|total)$)"
    r"(?:what(?:'s| is| are| was) |how(?:'s| is| are) |show (?:me |us )?|give (?:me|us) "
    rf"|tell (?:me|us) |get |list |print )?{_MONEY}"
    rf"(?: (?:report|summary|overview|left|looking|like|going|doing|status|breakdown|chart"
    rf"|graph|check|spent))*{_WHEN}"
    rf"|(?:are we|am i|are you|is it|is the bot) (?:over|within|under|near|close to|out of|beyond)"
    rf" (?:the |our |your |my )?(?:budget )?(?:budget|cap|limit|money){_WHEN}"
    r"|(?:is|was|has) (?:the |our |your |my )?(?:daily |weekly )?budget (?:been )?(?:spent|used up"
    rf"|exhausted|gone|empty|used|over|ok|okay|fine){_WHEN}"
    r"|how expensive (?:are you|is this|was (?:that|this|it)|is theseus)"
    r"|(?:raise|increase|reset|top up|refill|extend|double|lift|ignore|bypass|skip|disable|remove)"
    r" (?:the |our |your |my |all )*(?:daily |weekly |run |token |spending )*"
    r"(?:budgets?|spending (?:cap|limit)s?|cost caps?)(?: .{0,60})?)",
    re.IGNORECASE,
)
