"""`theseus guard`: the command of `theseus_guard`, which knows the path classes of this bot."""

from theseus_guard.cli import GuardCommand, Rules, choose_rules
from theseus_guard.comparison import GitComparison
from theseus_guard.errors import GuardError

from bot.cli.output import TERMINAL, translate_error
from bot.settings import parse_protection

_OURS = ("bot/authority/", "bot/self_improvement/")
_CONFIG = "data/config.yaml"


def _choose_rules(compared: GitComparison) -> Rules:
    """Return the rules of the configuration at base, or those of any repository.

    Base is used, because a change must not loosen the rules it is judged by.
    """
    if not any(file.startswith(_OURS) for file in compared.list_files()):
        return choose_rules(compared)
    protection = parse_protection(compared.read_base(_CONFIG) or "", f"{_CONFIG} at base")
    return Rules(protection, f"the path classes of this bot and of {_CONFIG} at base")


guard = translate_error(GuardError, GuardCommand(TERMINAL, _choose_rules).run)
