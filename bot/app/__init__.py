"""The composition root: the only room that names adapters; it owns every resource."""

from bot.app._bench import run_bench
from bot.app._bot import run_bot
from bot.app._cli_audit import audit_cli
from bot.app._cli_budget import budget
from bot.app._cli_dependencies import dependencies
from bot.app._cli_detect import detect
from bot.app._cli_guard import guard
from bot.app._cli_memory import memory_cli
from bot.app._cli_stop import stop
from bot.app._demo import FAULT_NAMES, DemoOptions, local_forge, project_root, run_demo
from bot.app._doctor import Finding, examine
from bot.app._engines import Bench, Engines, engines
from bot.app._guarding import guard_secrets, settings_here
from bot.app._looking import journal_cli, runs_cli
from bot.app._printing import (
    OUT,
    complain,
    drop_output,
    open_closed_streams,
    print_json,
    say,
    trace,
)
from bot.app._repair import repair
from bot.app._setup import AtTerminal, Beforehand, run_setup
from bot.app._verdict import judge

__all__ = [
    "FAULT_NAMES",
    "OUT",
    "AtTerminal",
    "Beforehand",
    "Bench",
    "DemoOptions",
    "Engines",
    "Finding",
    "audit_cli",
    "budget",
    "complain",
    "dependencies",
    "detect",
    "drop_output",
    "engines",
    "examine",
    "guard",
    "guard_secrets",
    "journal_cli",
    "judge",
    "local_forge",
    "memory_cli",
    "open_closed_streams",
    "print_json",
    "project_root",
    "repair",
    "run_bench",
    "run_bot",
    "run_demo",
    "run_setup",
    "runs_cli",
    "say",
    "settings_here",
    "stop",
    "trace",
]
