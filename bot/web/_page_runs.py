"""The pages of runs."""

from datetime import datetime

from bot.domain.history import History
from bot.domain.people import ITSELF
from bot.domain.run import Run, Stage, Status
from bot.web._diff import diff_html
from bot.web._html import Content, Html, facts, join, link, prose, table, tag, when
from bot.web._parts import badge, code, money, status_badge, subject, tokens

_STAGES = {
    "investigate": (Stage.OBSERVE, Stage.DIAGNOSE),
    "fix": (
        Stage.OBSERVE, Stage.DIAGNOSE, Stage.PLAN, Stage.EXECUTE, Stage.VERIFY, Stage.PROPOSE,
        Stage.SHIP,
    ),
    "revert": (Stage.OBSERVE, Stage.EXECUTE, Stage.VERIFY, Stage.PROPOSE, Stage.SHIP),
}  # fmt: skip


def runs_page(runs: list[Run], now: datetime) -> Html:
    """Return the newest runs."""
    if not runs:
        return tag("p", "No runs yet. Ask in the dev channel for something to be fixed.")
    rows: list[tuple[Content, ...]] = [
        (
            link(f"/runs/{run.id}", code(run.id)),
            subject(run),
            str(run.goal),
            status_badge(run),
            str(run.stage),
            money(run.cost_usd),
            when(run.updated_at, now),
        )
        for run in runs
    ]
    heads = ("Run", "About", "Goal", "Status", "Stage", "Cost", "Changed")
    return table("The newest runs", heads, rows)


def run_page(run: Run, history: History, now: datetime) -> Html:
    """Return everything worth seeing of one run."""
    asker = run.trigger.person
    return join(
        _stages(run, history),
        tag("div", prose(run.reason), class_="card") if run.reason else None,
        facts(
            [
                ("Status", status_badge(run)),
                ("Goal", str(run.goal)),
                ("Asked by", "itself" if asker.id == ITSELF.id else asker.name),
                ("Began", when(run.created_at, now)),
                ("Changed", when(run.updated_at, now)),
                ("Cost", money(run.cost_usd)),
                ("Tokens", tokens(run.tokens_in + run.tokens_out)),
                ("Attempt, round", f"{run.attempt}, {run.round}"),
            ]
        ),
        _asked(run),
        _diagnosis(history),
        _plan(history),
        _change(history),
        _verdict(history),
        _proposal(history, now),
    )


def _stages(run: Run, history: History) -> Html:
    """Return the way a run takes, and how far it has come."""
    stages = _STAGES[run.goal]
    here = stages.index(run.stage) if run.stage in stages else len(stages)
    items = []
    for place, stage in enumerate(stages):
        done = place < here or run.status is Status.DONE
        tone, word = ("good", "done") if done else ("idle", "to come")
        if not done and place == here:
            tone, word = ("bad", "ended here") if run.ended else ("busy", "now")
        items.append(tag("li", f"{stage} ", tag("small", word), class_=tone))
    shipped = history.shipment is not None
    return tag("ol", *items, class_="stages", aria_label="Stages", data_shipped=shipped)


def _section(title: str, *content: Content) -> Html:
    return tag("section", tag("h2", title), *content)


def _asked(run: Run) -> Html | None:
    return _section("What was asked", prose(run.trigger.text)) if run.trigger.text else None


def _diagnosis(history: History) -> Html | None:
    found = history.diagnosis
    if found is None:
        return None
    place = f"{found.file}:{found.line} {found.function}" if found.file else ""
    return _section(
        "Diagnosis",
        prose(found.headline),
        prose(found.cause),
        facts(
            [
                ("Where", code(place) if place else None),
                ("How often", found.count or None),
                ("Confidence", str(found.confidence)),
                ("Seen before", found.seen_before),
            ]
        ),
    )


def _plan(history: History) -> Html | None:
    plan = history.plan
    if plan is None:
        return None
    files = sorted({file for step in plan.steps for file in step.owned_files})
    return _section(
        "Plan",
        prose(plan.solution),
        tag("ol", *(tag("li", prose(step.summary)) for step in plan.steps)),
        facts([("Risk", plan.risk), ("May change", join(*map(code, files), between=", "))]),
    )


def _change(history: History) -> Html | None:
    change = history.change_set
    if change is None:
        return None
    rows: list[tuple[Content, ...]] = [
        (code(each.path), f"+{each.added}", f"-{each.removed}", each.status)
        for each in change.files
    ]
    whole = tag(
        "details", tag("summary", "The whole diff"), diff_html(change.diff), id="diff"
    )  # fmt: skip
    return _section(
        "Change",
        prose(change.summary),
        facts([("Written by", change.engine), ("Commit", code(change.head[:10]))]),
        table("Changed files", ("File", "Added", "Removed", "How"), rows) if rows else None,
        whole if change.diff else None,
    )


def _verdict(history: History) -> Html | None:
    verdict = history.verdict
    if verdict is None:
        return None
    rows: list[tuple[Content, ...]] = [
        (
            check.name,
            badge(check.status, "good" if check.ok else "bad"),
            check.summary,
            f"{check.seconds:.1f} s",
        )
        for check in verdict.checks
    ]
    findings = [tag("li", prose(finding.told)) for finding in verdict.findings]
    return _section(
        "Verdict",
        facts(
            [
                ("Reproduced", "red before, green now" if verdict.reproduced else "no"),
                ("Confined by", verdict.sandbox),
            ]
        ),
        table("Checks", ("Check", "Result", "Counts", "Time"), rows) if rows else None,
        tag("h3", "The diff guard says") if findings else None,
        tag("ul", *findings) if findings else None,
    )


def _proposal(history: History, now: datetime) -> Html | None:
    proposal, approval, shipment = history.proposal, history.approval, history.shipment
    if proposal is None:
        return None
    outcome = history.outcome
    return _section(
        "Proposal",
        facts(
            [
                ("Pull request", link(proposal.url, f"#{proposal.number}")),
                ("Head", code(proposal.head[:10])),
                ("Approved by", approval.person.name if approval else None),
                ("Approved for", code(approval.head[:10]) if approval else None),
                ("Approved", when(approval.at, now) if approval else None),
                ("Merged as", code(shipment.merge_commit[:10]) if shipment else None),
                ("How it stands", prose(shipment.told) if shipment else None),
                ("Outcome", str(outcome.verdict).replace("_", " ") if outcome else None),
            ]
        ),
        prose("\n".join(outcome.reasons)) if outcome else None,
    )
