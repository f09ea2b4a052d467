"""When a shift began, on the clock of a place."""

from datetime import UTC, datetime, time, timedelta


def began(at: time, minutes_east: int, moment: datetime) -> datetime:
    """The last time, in UTC, that clocks showed `at` where they are `minutes_east` of UTC, as seen at `moment`."""
    east = timedelta(minutes=minutes_east)
    local = (moment.astimezone(UTC) + east).replace(tzinfo=None)
    start = datetime.combine(local.date(), at)
    if start > local:
        start -= timedelta(days=1)
    return (start - east).replace(tzinfo=UTC)
