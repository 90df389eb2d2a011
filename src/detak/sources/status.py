"""What an order's status says, in the words of Indonesian and English exports."""

import re

# Not "pembatalan diajukan", "cancellation requested": what was asked for has not happened yet.
_CANCELLED = re.compile(
    r"(?:pesanan |order )?(?:di)?batal(?:kan)?\b|(?:order )?cancell?ed\b|void(?:ed)?\b", re.IGNORECASE
)


def is_cancelled(status: str | None, reason: str | None = None) -> bool:
    """Whether the order was cancelled; where there is no status, a reason for cancelling says so."""
    return reason is not None if status is None else _CANCELLED.match(status.strip()) is not None
