"""Commands that ask nobody: everybody may use them, and they touch nothing but their own cog's.

Whatever asks the policy for something is in `tests/support/entries.py`, which decides where a name
stands in both; everything here is used as somebody who may nothing, and must change nothing else.
"""

COMMANDS = {
    "/roll": "everyday: dice are nobody's",
    "/quote": "everyday: a quote of the day",
    "/remind": "everyday: a reminder of one's own",
    "/reminders list": "everyday: one's own reminders",
    "/reminders cancel": "everyday: one's own reminders",
    "/poll create": "everyday: a poll of one's own",
    "/poll results": "everyday: everybody who may vote may read",
    "/poll close": "everyday: who made the poll, or may manage messages",
}
