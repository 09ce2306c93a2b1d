"""`theseus repair`: the command of `theseus_repair`."""

from theseus_repair.cli import RepairCommand
from theseus_repair.errors import RepairError

from bot.cli.output import TERMINAL, translate_error

repair = translate_error(RepairError, RepairCommand(TERMINAL).run)
