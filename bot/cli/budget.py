"""`theseus budget`: what models cost, without a running bot."""

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path

from bot.adapters.sqlite_ledger import SqliteLedger
from bot.adapters.system_clock import SystemClock
from bot.budget.enforcement import BudgetEnforcer
from bot.budget.reports import build_budget_report
from bot.cli.missing_state import report_if_missing
from bot.cli.output import JsonOption, print_json, say
from bot.domain.spending import BudgetReport
from bot.presentation.cards import render_budget_text
from bot.settings import Settings, load_settings


def budget(
    as_json: JsonOption = False,
) -> None:
    """Show what models cost, today and this week, against what they may."""
    report = asyncio.run(_report(load_settings()))
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        say(render_budget_text(report))


async def _report(settings: Settings) -> BudgetReport:
    """Return what was spent; where nothing is kept, the report of an empty ledger."""
    kept = settings.state / "ledger.sqlite3"
    if not report_if_missing(kept, "ledger"):
        return await _report_of(settings, kept)
    with tempfile.TemporaryDirectory() as folder:
        return await _report_of(settings, Path(folder) / kept.name)


async def _report_of(settings: Settings, ledger_file: Path) -> BudgetReport:
    config = settings.config
    keep = timedelta(days=config.gateway.keep_days)
    async with SqliteLedger(ledger_file) as ledger:
        return await build_budget_report(
            BudgetEnforcer(ledger, SystemClock(), config.budget, keep=keep)
        )
