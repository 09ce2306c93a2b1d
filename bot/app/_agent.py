"""The self-improvement agent, made from open doors and the configuration."""

import os
from datetime import timedelta

from bot.app._configured import told_of
from bot.app._engines import Engines
from bot.app._opened import Opened
from bot.ports.agent import Budget
from bot.ports.chat import Chat
from bot.ports.roster import Roster
from bot.prompts import Prompts
from bot.self_improvement import Doors, Limits, SelfImprovementAgent, ShippedFixes, Stages
from bot.settings import Settings
from bot.stages.diagnose import Diagnose
from bot.stages.execute import Execute
from bot.stages.observe import Observe
from bot.stages.plan import MakePlan
from bot.stages.propose import Propose
from bot.stages.ship import Ship
from bot.stages.verify import Verify
from bot.stages.watch import WatchFix
from bot.telemetry import redact

# How often waiting proposals are looked at: the local forge is at hand, GitHub counts requests.
_SWEEPS = {"local": timedelta(seconds=5), "github": timedelta(seconds=15)}


def make_agent(
    settings: Settings,
    opened: Opened,
    chosen: Engines,
    chat: Chat,
    roster: Roster,
    dev_channel_id: int,
) -> SelfImprovementAgent:
    """Return the agent, not running yet."""
    doors = Doors(
        store=opened.store,
        chat=chat,
        forge=opened.forge,
        workspaces=opened.workspaces,
        clock=opened.clock,
        journal=opened.journal,
        recorder=opened.recorder,
        shelf=opened.shelf,
        memory=opened.memory,
        budget=opened.budget,
        charts=opened.charts,
        brake=opened.brake,
        roster=roster,
        checkout=opened.checkout,
    )
    return SelfImprovementAgent(
        doors,
        _stages(settings, opened, chosen),
        _limits(settings, opened, chosen, dev_channel_id),
        owner=f"{os.uname().nodename}:{os.getpid()}",
    )


def _stages(settings: Settings, opened: Opened, chosen: Engines) -> Stages:
    config, clock, verifier = settings.config, opened.clock, opened.verifier
    lookback = timedelta(hours=config.runs.lookback_hours)
    stand_in = chosen.stand_in
    return Stages(
        observe=Observe(
            opened.journal,
            opened.checkout,
            clock,
            opened.memory,
            lookback=lookback,
            fixes=ShippedFixes(opened.store),
            commands=opened.code.commands,
        ),
        diagnose=Diagnose(chosen.planner),
        plan=MakePlan(verifier, chosen.planner),
        execute=Execute(chosen.agent, clock, budget=chosen.budget),
        verify=Verify(verifier, protection=config.protection, redact=redact),
        propose=Propose(
            opened.forge,
            clock,
            repository=str(settings.root),
            base_branch=config.forge.branch,
            render=Prompts(settings.root / "prompts").render,
        ),
        ship=Ship(opened.forge, opened.checkout, opened.code, clock),
        stand_in=(
            Execute(stand_in, clock, budget=Budget(seconds=config.engine.seconds))
            if stand_in
            else None
        ),
        watch=WatchFix(opened.journal, clock, config.watch),
    )


def _limits(settings: Settings, opened: Opened, chosen: Engines, dev_channel_id: int) -> Limits:
    config = settings.config
    return Limits(
        people=config.people,
        dev_channel_id=dev_channel_id,
        workers=config.runs.workers,
        per_person=config.runs.per_person,
        rounds=config.runs.rounds,
        full_tier=not config.forge.runs_full_checks,
        lease=timedelta(seconds=config.runs.lease_seconds),
        sweep=_SWEEPS[config.forge.kind],
        question=timedelta(minutes=config.engine.question_minutes),
        forge_checks=timedelta(minutes=config.forge.github.checks_minutes),
        autonomy=config.autonomy,
        approval=config.approval,
        dev_mode=config.autonomy.dev_mode,
        unconfined=opened.sandbox.refusal,
        audit=timedelta(days=config.audit.keep_days),
        configured=told_of(settings),
        vital_signs=(
            f"**Sandbox** {opened.sandbox.description}",
            f"**Engine** {chosen.told}",
        ),
    )
