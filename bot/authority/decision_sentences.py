"""The complete list of sentences that decide something.

Lower case, no punctuation, single spaces. `{named}` is a proposal or a run ("#12", "proposal 12",
"run 7k2m9q"), `{until}` a time that `bot.authority.end_times` can parse. A sentence that is not on
the list, word for word, decides nothing; the bot asks what was meant (see `_unclear`).
"""

from collections.abc import Mapping

from bot.domain.intents import Intent

SENTENCES: Mapping[Intent, tuple[str, ...]] = {
    Intent.SHIP: (
        "ship it", "ship", "ship this", "ship {named}", "merge it", "merge", "merge this",
        "merge {named}", "🚢",
    ),
    Intent.REJECT: ("reject it", "reject", "reject this", "reject {named}"),
    Intent.REVERT: ("revert it", "revert", "revert this", "revert {named}"),
    Intent.STOP: ("stop everything", "stop-everything", "emergency stop"),
    Intent.CANCEL: (
        "cancel it", "cancel", "cancel this", "cancel {named}", "abort", "stop", "stop it",
        "stop this", "stop {named}",
    ),
    Intent.PAUSE: ("pause", "pause for {until}", "pause until {until}"),
    Intent.RESUME: ("resume", "resume everything", "unpause"),
}  # fmt: skip

OPENINGS: Mapping[Intent, tuple[str, ...]] = {
    Intent.SHIP: ("nice", "great", "lgtm", "ok", "looks good"),
}
"""Words that may precede a sentence, at most one of them."""

REVIEWED = ("security reviewed", "security-reviewed")
SLOWER = ("slower accepted", "slower-accepted")
"""Statements that may precede or follow a sentence that ships, and count then."""

NAMES = ("theseus", "@theseus")
COURTESY_BEFORE = ("please",)
COURTESY_AFTER = ("please", "now", "thanks", "thank you")

GLAD = "🚢🛳⛴✅☑✔👍🎉🎊🚀🙌👏💯🙏"
SIGNS: Mapping[Intent, str] = {
    Intent.SHIP: GLAD,
    Intent.STOP: "🛑🚨⛔🙏",
    Intent.PAUSE: "⏸🙏👍",
    Intent.RESUME: "▶🚀🙏👍",
}
"""Emoji that may accompany a sentence, because they cannot mean "no" or "wait" there."""
SIGNS_OF_THE_OTHERS = "🙏👍"
