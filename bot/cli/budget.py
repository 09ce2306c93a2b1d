"""`theseus budget`: shows what models cost, without a running bot."""

import asyncio
import tempfile
from datetime import timedelta
from pathlib import Path

from theseus_guard.terminal import JsonOption

from bot.adapters.sqlite_ledger import SqliteLedger, SqlLedger
from bot.adapters.system_clock import SystemClock
from bot.app.state_parts import LEDGER
from bot.app.state_stores import StateStores
from bot.budget.enforcement import BudgetEnforcer
from bot.budget.reports import build_budget_report
from bot.cli.missing_state import report_if_missing
from bot.cli.output import print_json, say
from bot.domain.spending import BudgetReport
from bot.presentation.cards import render_budget_text
from bot.settings import Settings, load_settings


def budget(
    as_json: JsonOption = False,
) -> None:
    """Show the cost of models today and this week, compared with the budget."""
    report = asyncio.run(_report(load_settings()))
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        say(render_budget_text(report))


async def _report(settings: Settings) -> BudgetReport:
    """Return the report of the ledger, or of an empty one if there is no ledger yet."""
    stores = StateStores.find(settings.state, settings.environment)
    if not report_if_missing(stores.find_missing_file(LEDGER), "ledger"):
        return await _report_of(settings, stores.build_ledger())
    # Opening a ledger creates it, which a command that only reads must not do in the state folder.
    with tempfile.TemporaryDirectory() as folder:
        return await _report_of(settings, SqliteLedger(LEDGER.get_file(Path(folder))))


async def _report_of(settings: Settings, ledger: SqlLedger) -> BudgetReport:
    config = settings.config
    keep = timedelta(days=config.gateway.keep_days)
    async with ledger:
        return await build_budget_report(
            BudgetEnforcer(ledger, SystemClock(), config.budget, keep=keep)
        )
