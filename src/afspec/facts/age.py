"""Ages: how long ago a fact was said, and the day before which one is too old."""

from __future__ import annotations

import calendar
import datetime as dt
import re

_SPAN = re.compile(r"\s*([0-9]{1,5})\s*(d|w|mo|y)\s*\Z")
_MONTHS_A_YEAR = 12
_DAYS_A_WEEK = 7
# Days of the mean month of the Gregorian calendar, for showing an age; limits are counted in calendar months.
_MONTH = 365.2425 / _MONTHS_A_YEAR
_FEW_DAYS = 60


class AgeError(ValueError):
    """A text that is no age; it says what one looks like."""


def _months_before(day: dt.date, months: int) -> dt.date:
    """The same day of an earlier month, or that month's last."""
    year, month = divmod(day.year * _MONTHS_A_YEAR + day.month - 1 - months, _MONTHS_A_YEAR)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def oldest_day(day: dt.date, age: str) -> dt.date:
    """The day that was `age` before `day`; what was said before it is older: "12mo", "90 d", "6w", "1y".

    Raises:
        AgeError: not a number of days, weeks, months or years, or one that leads before the year 1.
    """
    found = _SPAN.match(age)
    if found is None:
        raise AgeError(f"`{age}` is no age: write a number with d, w, mo or y, such as 12mo or 90d")
    number, unit = int(found[1]), found[2]
    try:
        if unit in {"mo", "y"}:
            return _months_before(day, number * (_MONTHS_A_YEAR if unit == "y" else 1))
        return day - dt.timedelta(days=number * (_DAYS_A_WEEK if unit == "w" else 1))
    except (ValueError, OverflowError) as error:
        raise AgeError(f"`{age}` before {day} is before the calendar") from error


def format_age(days: int | None) -> str:
    """An age as people say it: "12 d", "8 mo", "3 y 2 mo"; a dash where it is not known."""
    if days is None:
        return "-"
    if days < _FEW_DAYS:
        return f"{max(days, 0)} d"
    years, months = divmod(int(days / _MONTH), _MONTHS_A_YEAR)
    return " ".join(part for part in (f"{years} y" if years else "", f"{months} mo" if months else "") if part)
