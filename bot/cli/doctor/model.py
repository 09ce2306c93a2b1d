"""Checks the engine that writes fixes: its package, program and key."""

from bot.cli.doctor.model_api import MODULE, ask_for_models, get_program_versions
from bot.domain.errors import AgentError
from bot.domain.finding import DoctorFinding, report_bad, report_good, report_note
from bot.settings import Settings

KEYS = "https://console.anthropic.com/settings/keys"


async def look_at_model(settings: Settings, *, package: str = MODULE) -> list[DoctorFinding]:
    """Check whether the configured engine can work; `package` is the module it needs."""
    engine, environment = settings.config.engine, settings.environment
    if engine.name == "offline":
        return [report_good("model", "not needed: engine.name is offline")]
    if environment.anthropic_api_key is None and environment.anthropic_base_url is None:
        return [_report_missing_key(settings)]
    try:
        installed = report_good("claude program", await get_program_versions(package))
    except AgentError as error:
        return [_report_missing_program(settings, str(error))]
    return [installed, await _check_key(settings)]


async def _check_key(settings: Settings) -> DoctorFinding:
    """Check the key with the model's server, and name the fallback."""
    engine, environment = settings.config.engine, settings.environment
    key, base = environment.anthropic_api_key, environment.anthropic_base_url
    offline = engine.fallback == "offline"
    try:
        message = await ask_for_models(
            key.get_secret_value() if key else None, str(base or "") or None
        )
    except AgentError as error:
        remedy = (
            f"Put a valid ANTHROPIC_API_KEY into .env ({KEYS}), and check ANTHROPIC_BASE_URL if "
            "you set it."
        )
        until = "the offline engine writes fixes" if offline else "every run fails"
        return report_bad(
            "model", f"{error}; until this is fixed, {until} (engine.fallback)", remedy
        )
    roles = f"{engine.planner.model} plans, {engine.executor.model} writes"
    after = "the offline engine takes over" if offline else "the run ends"
    return report_good("model", f"{message}; {roles}; if they fail, {after}")


def _report_missing_key(settings: Settings) -> DoctorFinding:
    if settings.config.engine.name == "auto":
        return report_note("model", "no ANTHROPIC_API_KEY: the offline engine writes fixes")
    remedy = f"Put ANTHROPIC_API_KEY into {settings.root / '.env'}, or set engine.name: auto."
    message = "engine.name is claude, but there is no ANTHROPIC_API_KEY: the bot does not start"
    return report_bad("model", message, remedy)


def _report_missing_program(settings: Settings, problem: str) -> DoctorFinding:
    if settings.config.engine.name == "auto":
        message = f"{problem}: the offline engine writes fixes, although there is a key"
        return report_note("claude program", message, "Run `make claude`.")
    message = f"engine.name is claude, but {problem}: the bot does not start"
    return report_bad("claude program", message, "Run `make claude`, or set engine.name: auto.")
