"""The grammar: what a message asks for, decided without a model.

`parse` is deterministic and total: any string, in any setting, gives an `Utterance`. Shipping,
rejecting, reverting, stopping and pausing are decided here alone, so those are read strictly (see
`_ship`); investigating and fixing are read generously, because nothing comes of them that
a listed person does not see and approve.
"""

from bot.domain.grammar._clauses import Clause, clauses
from bot.domain.grammar._decisions import decision
from bot.domain.grammar._decisive_words import UNTIL
from bot.domain.grammar._faults import fault_request
from bot.domain.grammar._normalise import Plain, make_plain
from bot.domain.grammar._overheard import overheard
from bot.domain.grammar._records import (
    Intent,
    ReplyTo,
    Setting,
    Slots,
    Strength,
    Utterance,
    describe,
)
from bot.domain.grammar._requests import note_request, plain_request, revision
from bot.domain.grammar._ship import ship
from bot.domain.grammar._subject import pull_request_named, run_named, said_again
from bot.domain.grammar._words import spell

__all__ = [
    "COMMAND_LINE",
    "Intent",
    "ReplyTo",
    "Setting",
    "Slots",
    "Strength",
    "Utterance",
    "describe",
    "parse",
]

COMMAND_LINE = Setting(addressed=True, dev_channel=True, listed=True)
"""How text on the command line is taken: said to the bot by a listed person in the dev channel."""


def parse(text: str, setting: Setting) -> Utterance:
    """What `text`, said in `setting`, asks for. Never raises; anything unclear is `chat`."""
    plain = make_plain(text, addressed=setting.addressed)
    shipped, reviewed = _shipped(plain, setting)
    if shipped:
        return _told(Intent.SHIP, plain.text, setting, security_reviewed=reviewed)
    mended = spell(plain.text)
    said = clauses(mended)
    if not plain.disguised and not plain.cut and (decided := decision(said, setting)):
        until = _until(said, plain) if decided is Intent.PAUSE else None
        return _told(decided, mended, setting, until=until)
    if not plain.cut and (note := note_request(mended)):
        return _told(note[0], mended, setting, note=plain.restore(note[1]).strip())
    if asked := plain_request(said):
        return _told(asked, mended, setting)
    if (changed := revision(said, setting, text=mended, marked_only=True)) is not None:
        return _revise(changed, plain, mended, setting)
    return _about_a_fault(said, plain, mended, setting)


def _shipped(plain: Plain, setting: Setting) -> tuple[bool, bool]:
    if plain.disguised or plain.cut or "?" in plain.text or ":" in _without_security(plain.text):
        return False, False
    return ship(clauses(plain.text), setting)


def _without_security(text: str) -> str:
    """A colon means somebody else's words, save after the security flag."""
    return text.lower().replace("security reviewed:", "").replace("security-reviewed:", "")


def _until(said: tuple[Clause, ...], plain: Plain) -> str | None:
    for clause in said:
        if found := UNTIL.search(clause.text):
            until = found["span"] or found["when"]
            until = until.removeprefix("until ").removeprefix("till ").removesuffix(" please")
            return plain.restore(until).strip(" ,.")
    return None


def _about_a_fault(
    said: tuple[Clause, ...], plain: Plain, text: str, setting: Setting
) -> Utterance:
    found = fault_request(said, setting, text=text)
    if found is None:
        changed = (
            revision(said, setting, text=text, marked_only=False) if _works_here(setting) else None
        )
        if changed is not None:
            return _revise(changed, plain, text, setting)
        return Utterance(intent=Intent.CHAT)
    if setting.reply_to == "proposal" and found.intent is Intent.FIX and found.subject:
        changed = revision(said, setting, text=text, marked_only=False)
        if changed:
            return _revise(changed, plain, text, setting)
    heard = setting.heard or overheard(
        found, setting, text=plain.text, names_someone=plain.names_someone
    )
    return Utterance(
        intent=found.intent,
        slots=Slots(
            subject=plain.restore(found.subject).strip(),
            run=run_named(text),
            pull_request=pull_request_named(text),
            again=said_again(text),
        ),
        strength=found.strength,
        recognised=heard,
    )


def _works_here(setting: Setting) -> bool:
    return setting.in_thread or setting.reply_to == "proposal"


def _revise(instruction: str, plain: Plain, text: str, setting: Setting) -> Utterance:
    return _told(Intent.REVISE, text, setting, instruction=plain.restore(instruction).strip())


def _told(intent: Intent, text: str, setting: Setting, **slots: object) -> Utterance:
    named = {"run": run_named(text), "pull_request": pull_request_named(text)}
    return Utterance(
        intent=intent,
        slots=Slots.model_validate({**named, **slots}),
        strength="clear",
        recognised=setting.heard,
    )
