"""The doctor's look at who writes fixes: engine, package, program, key."""

from bot.app._doctor._finding import Finding, bad, good, note
from bot.app._doctor._model_api import ask_for_models, program
from bot.domain.errors import AgentError
from bot.settings import Settings

KEYS = "https://console.anthropic.com/settings/keys"
_INSTALL = "Run `make claude`."


async def look_at_model(settings: Settings) -> list[Finding]:
    """Return whether the engine that is configured could work."""
    engine, environment = settings.config.engine, settings.environment
    key, base = environment.anthropic_api_key, environment.anthropic_base_url
    if engine.name == "offline":
        return [good("model", "none: engine.name is offline, which needs none")]
    if key is None and base is None:
        return [_without_key(settings)]
    findings = []
    try:
        findings.append(good("claude program", await program()))
    except AgentError as error:
        findings.append(_cannot(settings, "claude program", str(error), _INSTALL))
    try:
        told = await ask_for_models(
            None if key is None else key.get_secret_value(), None if base is None else str(base)
        )
        roles = f"planner {engine.planner.model}, executor {engine.executor.model}"
        findings.append(good("model", f"{told}; {roles}"))
    except AgentError as error:
        mend = (
            f"Put a valid ANTHROPIC_API_KEY into .env ({KEYS}), and check "
            "ANTHROPIC_BASE_URL if you set it."
        )
        findings.append(_cannot(settings, "model", str(error), mend))
    return findings


def _without_key(settings: Settings) -> Finding:
    if settings.config.engine.name == "auto":
        return note("model", "no ANTHROPIC_API_KEY: the offline engine writes fixes")
    mend = f"Put ANTHROPIC_API_KEY into {settings.root / '.env'}, or set engine.name: offline."
    return _cannot(settings, "model", "engine.name is claude, and there is no key", mend)


def _cannot(settings: Settings, name: str, message: str, mend: str) -> Finding:
    """Return that claude cannot work, with what happens then."""
    engine = settings.config.engine
    if engine.name == "auto" or engine.fallback == "offline":
        told = f"{message}; until then the offline engine writes fixes"
    else:
        told = f"{message}; engine.fallback is none: every run ends there"
    return bad(name, told, mend)
