"""What a person can do after an answer: each answer to a question ends with one such sentence."""

import re
from collections.abc import Mapping

from bot.domain.intents import Topic

_STEP = re.compile(r"^-# |`/[a-z]|\b(?:say|ask|tell me)\b[^“]*“", re.IGNORECASE)
NEXT_STEPS: Mapping[Topic, str] = {
    Topic.CHANGES: "Ask about one by its number: “why did you change #7?”, “what did #7 cost?”.",
    Topic.CAUSE: "“how do you know that it works?” asks for the proof.",
    Topic.COST: "`/budget` shows the limits, and who spent what.",
    Topic.RISK: "“how do you know that it works?” asks for the proof.",
    Topic.PROOF: "“did the fix hold?” asks what has happened since.",
    Topic.WATCH: "“what failed this week?” shows what has failed since.",
    Topic.BROKEN: "`/incidents list` shows incidents. Say “/roll is broken, fix it”, and I do.",
    Topic.TENDENCY: "“what failed this week?” shows what has failed lately.",
    Topic.WHO: "“why did you change it?” asks for the reason.",
    Topic.PEOPLE: "`/capabilities` shows what they can ask for.",
    Topic.WAITING: "Decide in a run's thread or at its card. `/runs list` shows all runs.",
    Topic.LIVE: "“what did you change this week?” lists what was shipped.",
    Topic.MEMORY: "“remember that …” adds a note, and `/memory forget` removes one.",
    Topic.OWN_DATA: "`/privacy` works in every channel.",
    Topic.FAILURES: "“why does /roll fail?” has me look into it.",
    Topic.USE: "“how often was /roll used this week?” asks about one command.",
    Topic.FEATURE_REQUESTS: "Ask for something new: “add a /coinflip command”.",
    Topic.FLAGS: "`/flags list` shows them with their settings.",
    Topic.SKILLS: "`/skills list` shows them all.",
    Topic.TOOLS: "`/tools list` shows the descriptions that wait for an approver.",
    Topic.HOW_TO: "`/help` lists what you can use.",
    Topic.ABILITIES: "`/help` lists what you can use.",
    Topic.HELP: "Tell me what is broken or what you want, in your own words: “/roll is broken”.",
}


def add_next_step(topic: Topic, answer: str) -> str:
    """Return the answer with a next step, unless its last line has one already."""
    if not answer or _STEP.search(answer.rsplit("\n", 1)[-1]):
        return answer
    return f"{answer}\n-# {NEXT_STEPS[topic]}"
