"""Parts of the day as people speak of them in Indonesia: pagi, siang, sore, malam."""

from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from detak.clock import from_micros
from detak.recommend.base import Ints

PARTS: Final = ("morning", "midday", "afternoon", "night")
_HOUR: Final = 3_600_000_000
_OF_HOUR: Final = np.array([3] * 4 + [0] * 6 + [1] * 5 + [2] * 3 + [3] * 6, np.int8)


def parts_of_day(time: Ints, zone: ZoneInfo) -> np.ndarray[Any, np.dtype[np.int8]]:
    """For moments (microseconds since 1970, UTC) the part of the day in the zone: a place in ``PARTS``.

    Morning is from 4 to 10, midday to 15, afternoon to 18, the rest is night.
    """
    hours, place = np.unique(time // _HOUR, return_inverse=True)
    local = [from_micros(int(hour) * _HOUR).astimezone(zone).hour for hour in hours]
    return _OF_HOUR[np.array(local, np.int64)][place] if len(hours) else np.zeros(0, np.int8)
