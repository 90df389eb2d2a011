"""The admin token of a store, and what is derived from it: a proof of holding it, and the viewer's cookie.

Each derivation is an HMAC-SHA256 (RFC 2104) over its own label, so that none can be had by asking for another.
"""

import hmac
import secrets
from pathlib import Path

from detak.private_files import make_private, write_secret


def kept_token(folder: Path) -> str:
    """The store's admin token, made on first use and readable by its owner only."""
    path = folder / "admin.token"
    found = path.read_text(encoding="ascii").strip() if path.exists() else ""
    if not found:
        found = secrets.token_urlsafe(32)
        make_private(folder)
        write_secret(path, found.encode())
    return found


def proof(token: str, nonce: str) -> str:
    """What only a holder of the token can answer to a nonce, in hexadecimal."""
    return _derived(token, f"proof:{nonce}")


def viewer_value(token: str) -> str:
    """What the cookie of a browser that signed in holds: it opens pages and reports, nothing else."""
    return _derived(token, "viewer")


def same(one: str, other: str) -> bool:
    """Whether two secrets are equal, in a time that tells nothing of where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


def _derived(token: str, label: str) -> str:
    return hmac.digest(token.encode(), label.encode(), "sha256").hex()
