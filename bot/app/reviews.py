"""Reviews of incidents, made from open ports."""

from bot.infra.injector import Injector
from bot.reviews.service import IncidentReviews, ReviewRecords


def build_reviews(injector: Injector) -> IncidentReviews:
    """Return what reviews incidents, not running yet. The injector then provides it."""
    injector.build(ReviewRecords)
    return injector.build(IncidentReviews)
