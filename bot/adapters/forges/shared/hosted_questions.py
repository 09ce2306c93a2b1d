"""Questions that all hosted forges ask."""

import re

from bot.adapters.forges.shared.forge_setup import ForgeSetup
from bot.infra.prompter import is_negative


def ask_reviewers(
    session: ForgeSetup, kind: str, title: str, login: re.Pattern[str], present: frozenset[str]
) -> None:
    """Ask whose review comments count; `login` is the form of a login there."""
    question = f"{title} logins whose review comments revise a run, or none"
    while True:
        default = ", ".join(sorted(present)) or "none"
        answer = session.asking.ask("reviewers", question, default=default)
        logins = [each.strip().lstrip("@") for each in answer.split(",") if each.strip()]
        logins = [] if is_negative(answer) else logins
        wrong = [each for each in logins if not login.fullmatch(each)]
        if not wrong:
            session.set(f"forge.{kind}.reviewers", sorted(logins))
            return
        session.asking.say(f"  {', '.join(wrong)}: this is not a valid {title} login.")
