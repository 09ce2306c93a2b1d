"""Checks how people are alerted while the chat is unreachable."""

from urllib.parse import urlsplit

from bot.adapters.system_clock import SystemClock
from bot.app.alerts import build_alert_channels
from bot.domain.alert import Alert
from bot.domain.errors import ConfigError, PortError
from bot.domain.finding import DoctorFinding, report_bad, report_good, report_note
from bot.domain.incident import Severity
from bot.settings import Settings

_NAME = "alerts"
_NOWHERE = "not set: no one is alerted of incidents while Discord is unreachable (docs/alerts.md)"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


async def look_at_alerts(settings: Settings) -> list[DoctorFinding]:
    """Check the alert channels, and whether others could read or forge an alert."""
    try:
        channels = build_alert_channels(settings, SystemClock())
    except ConfigError as error:
        return [report_bad(_NAME, str(error), "See docs/alerts.md.")]
    if not channels:
        return [report_good(_NAME, _NOWHERE)]
    rules = settings.config.alerts
    when = "always" if rules.when == "always" else f"{rules.down_seconds:.0f} s without the chat"
    names = " and ".join(each.name for each in channels)
    message = f"by {names}, of {rules.severity} incidents, {when}; test: theseus doctor --alert"
    return [report_good(_NAME, message), *_check_webhook(settings), *_check_email(settings)]


async def send_test_alert(settings: Settings) -> list[DoctorFinding]:
    """Send a test alert through every channel, and return a finding for each channel."""
    clock = SystemClock()
    alert = Alert(
        id=f"test:{clock.now():%Y-%m-%dT%H:%M:%S}",
        state="test",
        severity=Severity.LOW,
        title="A test alert of the bot",
        text="If you can read this, alerts arrive here. Nothing is wrong.",
        since=clock.now(),
        at=clock.now(),
    )
    findings = []
    for channel in build_alert_channels(settings, clock):
        name = f"test alert by {channel.name}"
        try:
            await channel.send(alert)
        except PortError as error:
            findings.append(report_bad(name, str(error), "See docs/alerts.md."))
        else:
            findings.append(report_good(name, "sent; check whether it arrived"))
    remedy = "Set THESEUS_ALERT_WEBHOOK_URL in .env, or alerts.email in data/config.yaml."
    return findings or [report_bad("test alert", "no alert channel is set", remedy)]


def _check_webhook(settings: Settings) -> list[DoctorFinding]:
    environment, form = settings.environment, settings.config.alerts.webhook.format
    if environment.theseus_alert_webhook_url is None:
        return []
    parts = urlsplit(environment.theseus_alert_webhook_url.get_secret_value())
    findings = []
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        message = f"alerts to {parts.hostname} are not encrypted: its address begins with http"
        findings.append(report_note(_NAME, message, "Use https, or a private network."))
    if form == "json" and environment.theseus_alert_webhook_secret is None:
        remedy = "Set THESEUS_ALERT_WEBHOOK_SECRET (openssl rand -hex 32), there and here."
        findings.append(
            report_note(_NAME, "the webhook is not signed: anyone could forge an alert", remedy)
        )
    return findings


def _check_email(settings: Settings) -> list[DoctorFinding]:
    email = settings.config.alerts.email
    if email is None:
        return []
    if email.user is not None and settings.environment.theseus_alert_smtp_password is None:
        message = f"alerts.email.user is {email.user}, but there is no password"
        remedy = f"Put THESEUS_ALERT_SMTP_PASSWORD into {settings.root / '.env'}."
        return [report_bad(_NAME, message, remedy)]
    if email.security == "none" and email.host not in _LOOPBACK:
        remedy = "Set alerts.email.security to starttls or tls, if the server supports it."
        return [
            report_note(_NAME, f"mail to {email.host} is not encrypted (security: none)", remedy)
        ]
    return []
