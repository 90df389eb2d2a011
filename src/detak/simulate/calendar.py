"""How busy the simulated shop is: weekdays, pay-day, double days, Ramadan and Lebaran, seasons; the hours of a day."""

import math
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import Final

import numpy as np

from detak.calendar_id import double_day, in_ramadan, lebaran, pay_day
from detak.simulate.config import Floats

# Orders by hour of an Indonesian shop (see docs/SIMULATOR.md), per mille.
_WEEKDAY: Final = (21, 10, 8, 7, 12, 19, 26, 38, 45, 54, 58, 61, 61, 60, 57, 53, 53, 51, 58, 58, 63, 56, 42, 28)
_WEEKEND: Final = (21, 10, 8, 7, 13, 18, 24, 33, 42, 52, 58, 58, 62, 59, 56, 55, 56, 54, 61, 58, 65, 55, 45, 33)
_WEEKDAYS: Final = (1.08, 1.02, 1.0, 1.02, 0.95, 0.94, 0.99)  # Monday first
_PERSONAL: Final = 0.5  # of visits come at the person's own hour, the others whenever people shop
_PERSONAL_IN_RAMADAN: Final = 0.2
SPREAD: Final = 1.0  # hours, around the person's own hour


@lru_cache(maxsize=4096)
def intensity(day: date) -> float:
    """How much more people shop on the day than on a plain one: the product of all that moves it."""
    return _WEEKDAYS[day.weekday()] * _pay_day(day) * _feast(day) * _double(day) * season(day)


def season(day: date) -> float:
    """The slow swing of the year: the dry months are quiet, the last quarter is busy."""
    return 1.0 + 0.08 * math.cos(2 * math.pi * (day.timetuple().tm_yday - 335) / 365.25)


def _pay_day(day: date) -> float:
    """Salaries come on the 25th, or on the Friday before a weekend; what is left lasts into the first days."""
    since = (day - pay_day(day.year, day.month)).days
    if since >= 0:
        return 1.0 + 0.4 * math.exp(-since / 3)
    return 1.15 if day.day <= 5 else 1.0


def _feast(day: date) -> float:
    """New clothes and cakes are bought until a week before Lebaran; then parcels stand still and people travel."""
    since = lebaran(day)
    if -24 <= since <= -8:
        return 1.2 + 0.5 * (since + 24) / 16
    if -7 <= since < -2:
        return 1.1
    if -2 <= since <= 4:
        return 0.45
    return 0.85 if 5 <= since <= 10 else 1.0


def _double(day: date) -> float:
    if double_day(day):
        return 2.6 if day.month >= 11 else 2.0
    return 0.85 if double_day(day + timedelta(days=1)) else 1.0  # they wait for tomorrow


@cache
def hours(weekend: bool = False, friday: bool = False, fasting: bool = False) -> Floats:
    """The share of visits in each hour of a kind of day, in the shopper's own zone."""
    weights = np.array(_WEEKEND if weekend else _WEEKDAY, dtype=np.float64)
    if friday:
        weights[12] *= 0.72  # Friday prayer
    if fasting:
        weights[[3, 4]] *= (5.0, 3.5)  # sahur
        weights[12:17] *= 0.9
        weights[18] *= 0.6  # breaking the fast
        weights[19] *= 0.85  # tarawih
        weights[20:24] *= (1.25, 1.4, 1.4, 1.3)
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def hours_of(day: date) -> Floats:
    """The share of visits in each hour of the day, before people's own habits."""
    return hours(day.weekday() >= 5, day.weekday() == 4, in_ramadan(day))


def personal(day: date) -> float:
    """How many of the day's visits follow the person's own hour."""
    return _PERSONAL_IN_RAMADAN if in_ramadan(day) else _PERSONAL


def planted_hours(day: date) -> Floats:
    """The share of visits in each hour that the simulation aims at: the day's curve, mixed with people's own hours."""
    own = hours()
    steps = np.arange(-6, 7)
    grid = np.linspace(0.5 / 60, 1 - 0.5 / 60, 60)  # where in the hour a peak lies
    kernel = np.mean([_bell(steps, offset) for offset in grid], axis=0)
    spread = np.asarray(sum(weight * np.roll(own, step) for step, weight in zip(steps, kernel, strict=True)))
    mixed = (1 - personal(day)) * hours_of(day) + personal(day) * spread
    return np.asarray(mixed / mixed.sum(), dtype=np.float64)


def _bell(steps: "np.ndarray[tuple[int], np.dtype[np.int64]]", offset: float) -> Floats:
    """How much of a normal curve around ``offset`` of hour 0 falls into each hour around it."""
    edges = [0.5 * (1 + math.erf((step - offset) / SPREAD / math.sqrt(2))) for step in range(steps[0], steps[-1] + 2)]
    return np.diff(np.array(edges))
