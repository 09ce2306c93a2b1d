"""Everything that people have chosen about notices, for “what is stored of me” and “forget me”."""

from dataclasses import dataclass

from bot.authority.quiet_state import QuietState
from bot.domain.personal_data import DataSubject
from bot.notices.digest_schedules import DigestSchedules
from bot.notices.ignored import IgnoredNotices
from bot.notices.preferences import NoticePreferences
from bot.notices.reminders import NoticeReminders


@dataclass(frozen=True, eq=False)
class NoticeRecords:
    """Counts and erases a person's settings, digests, reminders, quiet mode, what they ignore."""

    preferences: NoticePreferences
    digests: DigestSchedules
    reminders: NoticeReminders
    ignored: IgnoredNotices
    quiet: QuietState

    async def count_records(self, subject: DataSubject) -> int:
        """Return how many records name the person. Raises `StoreError`."""
        parts = (self.preferences, self.digests, self.reminders, self.ignored, self.quiet)
        return sum([await each.count_records(subject) for each in parts])

    async def erase(self, subject: DataSubject) -> int:
        """Remove them and return how many there were. Raises `StoreError`."""
        parts = (self.preferences, self.digests, self.reminders, self.ignored, self.quiet)
        return sum([await each.erase(subject) for each in parts])
