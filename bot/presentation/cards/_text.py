"""Small pieces of text that several cards share."""

from collections.abc import Iterable

from theseus_guard.records import FileChange
from theseus_guard.text_direction import isolate

from bot.domain.budget import Cap
from bot.domain.change import ChangeSet, CheckResult, Verdict
from bot.domain.cost import Cost
from bot.domain.plan import Plan
from bot.domain.run import Run, Waiting
from bot.presentation.counts import format_count
from bot.presentation.markdown import escape_line


def format_seconds(value: float) -> str:
    """Return `0.4 s`, `12 s` or `2 min 5 s`."""
    if value < 10:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    return f"{value // 60:.0f} min {value % 60:.0f} s"


def format_money(usd: float) -> str:
    """Return an amount such as `$0.00`; work without a model shows that it cost nothing."""
    return f"${usd:.2f}"


def format_cost(what: Run | Cost) -> str:
    """Return a cost: `$0.12`, or `≈ $0.12` if a part of it is estimated."""
    return f"{'≈ ' if what.estimated else ''}{format_money(what.cost_usd)}"


def format_tokens(count: int) -> str:
    """Return `900 tokens`, `1.1k tokens`, `45k tokens` or `1.2M tokens`."""
    if count < 1_000:
        return f"{count} tokens"
    thousands = count / 1_000
    if thousands < 1_000:
        return f"{thousands:.{1 if thousands < 10 else 0}f}k tokens"
    return f"{thousands / 1_000:.1f}M tokens"


def format_spending(run: Run, cap: Cap | None = None) -> str:
    """Return what a run has cost and may cost: `$0.12 of $6.00 · 45k tokens`.

    A run that cost nothing shows only `$0.00`.
    """
    count = run.tokens_in + run.tokens_out
    usd = format_cost(run)
    if cap is not None and cap.usd is not None and (count or run.cost_usd):
        usd += f" of {format_money(cap.usd)}"
    if not count:
        return usd
    most = f" of {format_tokens(cap.tokens)}" if cap is not None and cap.tokens is not None else ""
    return f"{usd} · {format_tokens(count)}{most}"


def list_granted_lines(change: ChangeSet) -> tuple[str, ...]:
    """Return a line for each file that the engine was granted while it worked, and why."""
    return tuple(f"`{grant.file}`: {escape_line(grant.reason, 160)}" for grant in change.granted)


def list_not_done_lines(change: ChangeSet) -> tuple[str, ...]:
    """Return a line for each request that the change does not fulfil, and why not."""
    return tuple(
        f"Asked: {escape_line(each.about, 200)}. Not done: {escape_line(each.reason, 300)}"
        for each in change.not_done
    )


def describe_wait(run: Run) -> str:
    """Return what a run in the ship step waits for."""
    return (
        "waiting for the forge's checks"
        if run.waiting is Waiting.FORGE
        else "waiting for “ship it”"
    )


def format_elapsed(run: Run) -> str:
    """Return how long the run existed when it last changed."""
    return format_seconds((run.updated_at - run.created_at).total_seconds())


def check_line(check: CheckResult) -> str:
    """Return one line for one check: mark, name, counts, time."""
    mark = {"passed": "✅", "failed": "❌", "timeout": "⏱️", "skipped": "⏭️", "undecided": "⚠️"}[
        check.status
    ]
    counts = f" · {escape_line(check.summary, 300)}" if check.summary else ""
    return f"{mark} {check.name}{counts} · {format_seconds(check.seconds)}"


def format_file_line(change: FileChange) -> str:
    """Return one line for one changed file."""
    word = "" if change.status == "modified" else f" ({change.status})"
    return f"`{isolate(change.path)}` +{change.added} -{change.removed}{word}"


def list_proof_lines(verdict: Verdict) -> tuple[str, ...]:
    """Return the proofs of a requested change, each kind with its parts."""
    return tuple(
        line
        for proof in verdict.proofs
        for line in (
            f"{'✅' if proof.holds else '❌'} {proof.kind}: {escape_line(proof.summary, 300)}",
            *(f"• {escape_line(each, 300)}" for each in proof.details),
        )
    )


def format_reproduction_line(verdict: Verdict, calls: str) -> str:
    """Return the reproduction's result without the change and with it."""
    red = (
        "🔴 fails without the change"
        if verdict.failing_on_base and not verdict.failing_on_base.ok
        else "⚪ does not fail without the change"
    )
    green = verdict.passing_on_head
    after = "🟢 passes with it" if green and green.status == "passed" else "🔴 still fails"
    return f"`{calls}` {red} → {after}"


def replay_lines(plan: Plan) -> tuple[str, ...]:
    """Return how the failing interaction was replayed, or why it was not."""
    if plan.unplayed:
        return (
            f"The user's actions could not be replayed ({escape_line(plan.unplayed, 200)}). The "
            "proof covers the failing call, not what users see.",
        )
    replay = plan.replay
    if replay is None:
        return ()
    after = f", after {format_count(replay.setup, 'earlier step')}" if replay.setup else ""
    if replay.written:
        return (f"Replayed as the user did it{after}. The replay is committed as a test.",)
    if replay.snapshot:
        return (
            f"It fails only with the cog's files from that time{after}. The proof is therefore a "
            "replay on this machine. Neither those files nor a test of it is committed.",
        )
    return (
        f"The proof is a replay on this machine{after}. It could not be written as a test, so no "
        "test is committed.",
    )


def fit_lines(lines: Iterable[str], limit: int) -> str:
    """Return as many whole lines as fit into `limit` characters."""
    fitting: list[str] = []
    for line in lines:
        if sum(len(each) + 1 for each in fitting) + len(line) > limit:
            break
        fitting.append(line)
    return "\n".join(fitting)


def to_one_line(text: str, limit: int = 200) -> str:
    """Return the text on one line, cut with an ellipsis at `limit` characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
