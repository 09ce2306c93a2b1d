"""Checks whether what workers and the bot exchange can be stored and read."""

from bot.app.artefacts import open_artefacts
from bot.domain.errors import ConfigError, StoreError
from bot.domain.finding import DoctorFinding, report_bad, report_good
from bot.settings import Settings, get_store_keys

_PROBE = b"theseus doctor"


async def look_at_work(settings: Settings) -> list[DoctorFinding]:
    """Return a finding about the store of artefacts, if there are workers."""
    config = settings.config.work
    if config.queue != "temporal":
        return []
    try:
        store = open_artefacts(config, settings.root, get_store_keys(settings))
        await store.get(await store.put(_PROBE))
    except ConfigError as error:
        return [report_bad("work", str(error), "Correct it in .env and data/config.yaml.")]
    except StoreError as error:
        remedy = "Correct work.artefacts and its endpoint, and the rights of its account there."
        return [report_bad("work", str(error), remedy)]
    return [report_good("work", f"artefacts: {config.artefacts}")]
