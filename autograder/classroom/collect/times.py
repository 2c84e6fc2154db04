"""Times of submission: as platforms write them, and as nbgrader's timestamp.txt has them."""

from __future__ import annotations

import datetime as dt
import re

_DASHES = re.compile(r"(\d{4})-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)\Z")


def parse(text: str, zone: dt.tzinfo = dt.UTC) -> dt.datetime | None:
    """The moment that `text` names, in UTC, or None if it names none.

    ISO 8601, nbgrader's ``2027-03-14 23:59:00 UTC`` and Blackboard's ``2027-03-14-23-59-00``; without a zone of its own
    it is meant in `zone`.
    """
    text = text.strip()
    if match := _DASHES.match(text):
        text = "{}-{}-{} {}:{}:{}".format(*match.groups())
    if text.upper().endswith("UTC"):
        text = text[:-3].strip() + "+00:00"
    try:
        return in_utc(dt.datetime.fromisoformat(text), zone)
    except ValueError:
        return None


def in_utc(moment: dt.datetime, zone: dt.tzinfo = dt.UTC) -> dt.datetime | None:
    """`moment` in UTC, without a zone of its own meant in `zone`; None where it lies outside the calendar."""
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(dt.UTC)
    except OverflowError:  # the first and the last day of the calendar, in another zone
        return None


def stamp(moment: dt.datetime) -> str:
    """`moment` as nbgrader writes it into timestamp.txt."""
    moment = moment.astimezone(dt.UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f UTC" if moment.microsecond else "%Y-%m-%d %H:%M:%S UTC")
