"""The answer to "what is wrong with it?"."""

from bot.domain.budget import Cap
from bot.domain.evidence import Diagnosis
from bot.domain.history import History
from bot.domain.posts import Attachment, Button, Card, CardField, Post
from bot.domain.run import Run
from bot.memory.ranking import find_similar_fixes, format_memory
from bot.presentation.cards._plain_text import to_plain_text
from bot.presentation.cards._text import format_elapsed, format_spending, to_one_line
from bot.presentation.counts import format_count
from bot.presentation.markdown import escape_line
from bot.presentation.times import format_timestamp
from bot.presentation.titles import add_target
from bot.triage import Triage


def render_investigation(run: Run, history: History, cap: Cap | None = None) -> Post:
    """Return what was found, with the ids of the evidence and a button that starts a fix."""
    diagnosis = history.diagnosis
    if diagnosis is None or not diagnosis.found:
        raise AssertionError("an investigation card needs a fault that was found")
    triage = diagnosis.triage
    changeable = triage.ours or bool(triage.remedies)
    fixable = bool(diagnosis.file) and changeable
    label = "Fix it" if triage.ours else "Change our side"
    button = Button(label=label, action="fix", arguments=(run.id,), style="primary")
    return Post(
        card=Card(
            title=add_target(escape_line(diagnosis.headline, 200), run.trigger),
            body=escape_line(diagnosis.cause, 1_500),
            tone="warning",
            fields=(*_build_fields(diagnosis), *_build_similar_fields(history)),
            footer=f"run {run.id} · {format_elapsed(run)} · {format_spending(run, cap)}",
        ),
        buttons=(button,) if fixable else (),
        attachments=_build_source_files(history),
    )


def _build_fields(diagnosis: Diagnosis) -> tuple[CardField, ...]:
    fields = [CardField(name="How often", value=format_count(diagnosis.count, "time"), inline=True)]
    if diagnosis.first_seen and diagnosis.last_seen:
        first, last = format_timestamp(diagnosis.first_seen), format_timestamp(diagnosis.last_seen)
        fields.append(CardField(name="First seen", value=first, inline=True))
        fields.append(CardField(name="Last seen", value=last, inline=True))
    if diagnosis.file:
        where = f"`{diagnosis.file}:{diagnosis.line}` in `{diagnosis.function}`"
        fields.append(CardField(name="Failing frame", value=where))
    if diagnosis.triage.reasons:
        fields.append(
            CardField(
                name="Where the fault is", value=to_one_line(_format_triage(diagnosis.triage), 600)
            )
        )
    if diagnosis.seen_before:
        fields.append(
            CardField(name="Seen before", value=to_plain_text(diagnosis.seen_before, 400))
        )
    if diagnosis.last_worked:
        fields.append(
            CardField(name="Last worked", value=to_plain_text(diagnosis.last_worked, 400))
        )
    if diagnosis.suspects:
        fields.append(
            CardField(
                name="Suspect commit" + ("s" if len(diagnosis.suspects) > 1 else ""),
                value="\n".join(
                    f"`{s.commit.sha[:7]}` {to_one_line(s.commit.summary, 80)} — "
                    f"{s.commit.author}, {s.reason}"
                    for s in diagnosis.suspects[:3]
                ),
            )
        )
    ids = ", ".join(f"`{record[-8:]}`" for record in diagnosis.evidence_ids[:5])
    fields.append(CardField(name="Confidence", value=diagnosis.confidence, inline=True))
    fields.append(CardField(name="Evidence", value=ids, inline=True))
    if diagnosis.explained_by:
        fields.append(CardField(name="Explained by", value=diagnosis.explained_by, inline=True))
    return tuple(fields)


def _format_triage(triage: Triage) -> str:
    return f"{triage.summary} ({triage.confidence} confidence)"


def _build_similar_fields(history: History) -> tuple[CardField, ...]:
    """Return earlier fixes of other failures in the same function."""
    if history.evidence is None or history.diagnosis is None:
        return ()
    fixes = find_similar_fixes(history.evidence.memories, history.diagnosis.fingerprint)
    if not fixes:
        return ()
    lines = "\n".join(f"• {to_plain_text(format_memory(fix), 200)}" for fix in fixes[:3])
    return (CardField(name="Earlier fixes there", value=lines),)


def _build_source_files(history: History) -> tuple[Attachment, ...]:
    excerpts = history.evidence.excerpts if history.evidence else ()
    if not excerpts:
        return ()
    parts = []
    for excerpt in excerpts:
        numbered = (
            f"{'>' if number == excerpt.highlight else ' '} {number:4} {line}"
            for number, line in enumerate(excerpt.text.splitlines(), excerpt.first_line)
        )
        parts.append(f"{excerpt.file}\n" + "\n".join(numbered))
    return (Attachment(name="source.txt", text="\n\n".join(parts)),)
