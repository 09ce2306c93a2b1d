"""The pages of money, of the audit log, of the bot's own state, of the login and of the stop."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain.account import Charge
from bot.domain.audit import AuditEntry, AuditState
from bot.domain.budget import Cap
from bot.domain.spent import Spent
from bot.web._frame import hidden
from bot.web._html import Content, Html, facts, join, link, table, tag, when
from bot.web._parts import badge, code, money, tokens

MOST_CHARGES = 50
AUDITED = 1_000
"""Newest entries of the audit log whose chain is looked at."""


def budget_page(
    spans: Sequence[tuple[str, Spent | None, Cap | None]], charges: Sequence[Charge], now: datetime
) -> Html:
    """Return what was spent of what may be, and the newest requests."""
    rows: list[tuple[Content, ...]] = [
        (
            name,
            money(spent.cost_usd) if spent else "",
            _cap(cap),
            tokens(spent.tokens_in + spent.tokens_out) if spent else "",
        )
        for name, spent, cap in spans
    ]
    newest: list[tuple[Content, ...]] = [
        (
            when(charge.at, now),
            charge.account.purpose,
            link(f"/runs/{charge.account.run_id}", code(charge.account.run_id))
            if charge.account.run_id
            else "-",
            charge.model,
            badge(charge.outcome, "good" if charge.outcome == "ok" else "warn"),
            money(charge.cost_usd),
            charge.note,
        )
        for charge in charges[:MOST_CHARGES]
    ]
    heads = ("When", "For", "Run", "Model", "Outcome", "Cost", "Note")
    return join(
        table("Days and weeks are of UTC", ("Span", "Spent", "Cap", "Tokens"), rows),
        tag("h2", "Requests to models"),
        table("The newest ones", heads, newest) if newest else tag("p", "None today."),
    )


def _cap(cap: Cap | None) -> str:
    if cap is None or (cap.usd is None and cap.tokens is None):
        return "none"
    told = [money(cap.usd)] if cap.usd is not None else []
    return " and ".join([*told, *([tokens(cap.tokens)] if cap.tokens is not None else [])])


def audit_page(entries: Sequence[AuditEntry], state: AuditState, now: datetime) -> Html:
    """Return the newest entries, and whether the chain holds."""
    broken = state.broken
    word = badge("broken", "bad") if broken else badge("holds", "good")
    told = f"at entry {broken.number}: {broken.told}" if broken else f"up to entry {state.last}."
    known = f" Known before: {state.accepted.told}" if state.accepted else ""
    way = " On the machine “theseus audit verify” looks at all of it."
    chain = tag("p", "The chain ", word, " ", told, known, way, class_="card")
    rows: list[tuple[Content, ...]] = [
        (
            when(entry.at, now),
            entry.person.name if entry.person else "Theseus",
            entry.action,
            badge("allowed", "good") if entry.allowed else badge("refused", "bad"),
            link(f"/runs/{entry.run_id}", code(entry.run_id)) if entry.run_id else "",
            entry.how,
            entry.note,
        )
        for entry in entries
    ]
    heads = ("When", "Who", "What", "Result", "Run", "How", "Note")
    newest = table("The newest entries", heads, rows) if rows else tag("p", "Nothing yet.")
    return join(chain, newest)


def state_page(about: Mapping[str, object], reasons: Sequence[str]) -> Html:
    """Return how the bot itself is."""
    mark = badge("not ready", "bad") if reasons else badge("ready", "good")
    yes_no = {True: "yes", False: "no"}
    known = [
        (name.replace("_", " ").capitalize(), yes_no[told] if isinstance(told, bool) else str(told))
        for name, told in about.items()
    ]
    return join(
        tag("p", mark, " ", "; ".join(reasons), class_="card"),
        facts([(name, value) for name, value in known if value not in ("", "None")]),
    )


def login_page(wrong: str = "") -> Html:
    """Return the form that takes the token."""
    return tag(
        "form",
        tag("p", wrong, class_="badge bad", role="alert") if wrong else None,
        tag("label", "Token (THESEUS_HTTP_TOKEN)", for_="token"),
        tag(
            "input", type="password", name="token", id="token", autocomplete="current-password",
            required=True, autofocus=True,
        ),
        tag("button", "Log in", class_="plain"),
        method="post", action="/login", class_="card",
    )  # fmt: skip


def stop_page(form: str | None, standing: str | None, *, can_log_in: bool) -> Html:
    """Return the form that stops everything, or why there is none."""
    if standing is not None:
        return tag("p", standing, class_="card")
    if form is None:
        way = (
            join(link("/login", "Log in"), " with the token to stop everything from here.")
            if can_log_in
            else "Set THESEUS_HTTP_TOKEN to stop everything from here."
        )
        others = " In chat “stop everything” and /stop-everything do the same."
        return tag("p", way, others, class_="card")
    return tag(
        "form",
        tag(
            "p",
            "All runs end at once, and I do nothing by myself until an approver lifts it in chat.",
        ),
        hidden(form),
        tag("label", "Why (people will read it)", for_="why"),
        tag("input", type="text", name="why", id="why", maxlength=200, autocomplete="off"),
        tag(
            "label",
            tag("input", type="checkbox", name="sure", value="yes", required=True),
            "Yes, stop everything",
            class_="tick",
        ),
        tag("button", "Stop everything", class_="danger"),
        method="post", action="/stop", class_="card",
    )  # fmt: skip
