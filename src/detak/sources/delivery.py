"""Delivery services under one name, whichever of service and courier an export wrote.

Marketplaces write "service-courier" once a courier is assigned and the bare service before that; older exports write
the courier's product alone. An order without a courier is nearly always one that was cancelled early, so the raw text
would tell an analysis of cancellations the outcome. The service is what the buyer chose; it tells nothing.
"""

import re
from functools import lru_cache

# The first that is found names the service. Learnt from exports that write both: the courier's product implies the
# service it was booked under (SPX Hemat and J&T Economy under Hemat Kargo, J&T Cargo and JTR mostly under Kargo).
_SERVICES = tuple(
    (re.compile(pattern), service)
    for pattern, service in (
        (r"\b(agen|point|locker|loker|ambil|pick ?up|self collection)\b", "Agen SPX Express"),
        (r"\b(hemat|economy|ekonomi|oke|halu)\b", "Hemat Kargo"),
        (r"\bsame ?day\b", "Same Day"),
        (r"\b(instant|instan)\b.*\b(prioritas|priority)\b", "Instant Prioritas"),
        (r"\b(instant|instan)\b", "Instant"),
        (r"\b(next ?day|yes|best|one day)\b", "Next Day"),
        (r"\b(kargo|cargo|trucking|jtr|gokil)\b", "Kargo"),
        (r"\b(reguler|regular|reg|standard|standar|ez|express|xpress|kilat|siuntung)\b", "Reguler"),
    )
)
_BRACKETS = re.compile(r"\s*\([^)]*\)")
_HYPHENATED = re.compile(r"\b(same|next)-(day)\b", re.IGNORECASE)


@lru_cache(maxsize=1024)
def service(option: str | None) -> str | None:
    """``Reguler (Cashless)-SPX Standard``, ``Reguler (Cashless)`` and ``SPX Standard`` are all ``Reguler``.

    A service that is not known keeps its own name, without the courier behind it.
    """
    if option is None:
        return None
    chosen = _HYPHENATED.sub(r"\1 \2", option).partition("-")[0].strip() or option.strip()
    words = _BRACKETS.sub("", chosen).lower().replace("_", " ") or chosen.lower()
    return next((name for pattern, name in _SERVICES if pattern.search(words)), _BRACKETS.sub("", chosen) or chosen)
