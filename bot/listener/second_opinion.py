"""What a message asks for: the grammar and the learned table together.

Exact decisions are the grammar's alone, and so is what resembles one by its words. For everything
else the table is a second opinion: where both agree, the bot acts; where they differ or the table
is unsure, a message to the bot is asked back, and a message to nobody is left alone.
"""

from bot.domain.intents import REQUESTS, Intent, Setting, Slots, Utterance
from bot.grammar import ENGLISH, parse
from bot.grammar.agreement import is_loose_yes
from bot.grammar.subjects import build_work_slots
from bot.listener.labels import ASK, CHANGES, CHAT, DECISION, FAULTS, get_intent, get_topic
from bot.listener.table import HearingTable, Rating, load_table

SURE = 0.75
"""From this probability on, the table alone is enough for work that a person then approves."""
_CERTAIN = 0.9  # enough to read a report as a request to fix it
_PROBABLE = {FAULTS: 0.55, CHANGES: 0.65}
"""Enough beside the grammar, where nobody was addressed."""
_LIKELY = 0.5  # enough for an answer
_POSSIBLE = 0.3  # enough to ask
_WORK = (Intent.FIX, Intent.INVESTIGATE, Intent.CHANGE)
_POSSIBLE_DECISIONS = (Intent.SHIP, Intent.REJECT, Intent.CANCEL)


def understand(text: str, setting: Setting, table: HearingTable | None = None) -> Utterance:
    """Return what `text` asks for in `setting`. Never raises for any text; `chat` if nothing.

    A message that may be one of several requests is `unclear`, and `may_mean` lists them.

    Args:
        text: What was written, without the mention of the bot.
        setting: Where, and by whom.
        table: The weights; the built-in ones by default.
    """
    utterance = parse(text, setting)
    if utterance.intent not in _WORK and utterance.intent is not Intent.CHAT:
        return utterance
    if utterance.intent is Intent.CHAT and not _should_read_talk(setting):
        return utterance
    table = table or load_table()
    if not table.weights:
        is_vague = utterance.strength == "weak" and not setting.is_for_bot
        return utterance.replace(recognised=False) if is_vague else utterance
    rating = table.rate(text)
    if utterance.intent is Intent.CHAT:
        return _read_talk(text, setting, utterance, rating)
    return _compare(utterance, setting, rating)


def _should_read_talk(setting: Setting) -> bool:
    """Return whether the table reads what the grammar takes for talk.

    What is said to a run or a card is about that. A chat model understands more than the table.
    """
    return setting.addressed and not setting.in_thread and not setting.has_chat_model


def explain(text: str, setting: Setting, meaning: Intent) -> Utterance:
    """Return a message as what its author says that it means: one of `REQUESTS`.

    Raises `ValueError` for any other intent: nobody explains a message into a decision.
    """
    if meaning not in REQUESTS:
        raise ValueError(f"{meaning.value} is no request")
    utterance = parse(text, setting)
    if utterance.intent is meaning:
        return utterance
    if meaning is Intent.ASK:
        labels = [label for label in load_table().rate(text).shares if label.startswith(ASK)]
        topic = get_topic(labels[0]) if labels else None
        return _build(utterance, meaning, Slots(topic=topic))
    return _build(utterance, meaning, build_work_slots(text, setting))


def _compare(utterance: Utterance, setting: Setting, rating: Rating) -> Utterance:
    """Return the request that the grammar found, or a question if the table says otherwise."""
    kinds = CHANGES if utterance.intent is Intent.CHANGE else FAULTS
    agreed = rating.add_up(kinds)
    if utterance.language != ENGLISH:
        return utterance  # the table has learnt English
    if not setting.is_for_bot:
        agrees = _is_agreed(utterance, rating, kinds)
        return utterance if agrees else utterance.replace(recognised=False)
    other = rating.label
    if utterance.intent is Intent.INVESTIGATE and rating.shares["fix"] >= _CERTAIN:
        return utterance.replace(intent=Intent.FIX)
    if agreed >= _POSSIBLE or (utterance.strength == "clear" and rating.shares[other] < SURE):
        return utterance
    if other == CHAT or get_intent(other) in _WORK or other.startswith(ASK):
        return ask_back(utterance, (utterance.intent, get_intent(other)))
    return utterance


def _is_agreed(utterance: Utterance, rating: Rating, kinds: tuple[str, ...]) -> bool:
    """Return whether the table hears the same kind of work in what is said to nobody.

    It has to be sure of a request that is not clear.
    """
    enough = _PROBABLE[kinds] if utterance.strength == "clear" else SURE
    return rating.label in kinds and rating.add_up((*FAULTS, *CHANGES)) >= enough


def _read_talk(text: str, setting: Setting, utterance: Utterance, rating: Rating) -> Utterance:
    """Return what the table finds in a message in which the grammar found no request."""
    label = rating.label
    if label == DECISION and rating.shares[label] >= SURE:
        agrees = is_loose_yes(text)
        return ask_back(utterance, (Intent.SHIP,) if agrees else _POSSIBLE_DECISIONS)
    if label == "revise":
        return utterance
    faults, changes = rating.add_up(FAULTS), rating.add_up(CHANGES)
    if max(faults, changes) >= SURE:
        intent = Intent.CHANGE if changes > faults else _choose_goal(rating)
        return _build(utterance, intent, build_work_slots(text, setting))
    if label.startswith(ASK) and rating.shares[label] >= _LIKELY:
        return _build(utterance, Intent.ASK, Slots(topic=get_topic(label)))
    if label == "remember" and rating.shares[label] >= SURE:
        return _build(utterance, Intent.REMEMBER, Slots(note=text.strip()))
    if label in ("status", "budget") and rating.shares[label] >= SURE:
        return _build(utterance, get_intent(label), Slots())
    if max(faults, changes) >= _POSSIBLE:
        asks = sum(share for each, share in rating.shares.items() if each.startswith(ASK))
        likely = {_choose_goal(rating): faults, Intent.CHANGE: changes, Intent.ASK: asks}
        return ask_back(utterance, tuple(sorted(likely, key=lambda each: -likely[each])))
    return utterance


def _choose_goal(rating: Rating) -> Intent:
    fix, investigate = (rating.shares.get(label, 0.0) for label in FAULTS)
    return Intent.FIX if fix > investigate else Intent.INVESTIGATE


def _build(utterance: Utterance, intent: Intent, slots: Slots) -> Utterance:
    return utterance.replace(intent=intent, slots=slots, strength="weak", recognised=True)


def ask_back(utterance: Utterance, may_mean: tuple[Intent, ...]) -> Utterance:
    """Return the message as unclear: its author says what it means."""
    possible = tuple(dict.fromkeys(each for each in may_mean if each is not Intent.CHAT))
    slots = utterance.slots.replace(may_mean=possible)
    return utterance.replace(intent=Intent.UNCLEAR, slots=slots, strength="weak", recognised=True)
