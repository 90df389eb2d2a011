"""Signed receipts: proof that a person was forgotten, for anyone who holds the shop's public key. Names nobody."""

from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from detak.errors import StoreError
from detak.private_files import write_secret


class Receipt(msgspec.Struct, frozen=True):
    """What was removed, when, and where the audit chain says so; signed with Ed25519 (RFC 8032)."""

    events: int
    time: str
    audit_row: int
    audit_hash: str
    public_key: str
    signature: str

    @property
    def content(self) -> bytes:
        """What the signature covers."""
        return msgspec.json.encode([self.events, self.time, self.audit_row, self.audit_hash])

    def valid(self) -> bool:
        """Whether the signature is that of the key."""
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.public_key))
            key.verify(bytes.fromhex(self.signature), self.content)
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer:
    """Signs with the shop's key, made on first use and readable by its owner only.

    Raises:
        StoreError: the file holds no key.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            fresh = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
            write_secret(path, fresh)
        try:
            self._key = Ed25519PrivateKey.from_private_bytes(path.read_bytes())
        except ValueError:
            raise StoreError(f"{path}: is no signing key; restore it from a backup") from None

    def sign(self, *, events: int, time: str, audit_row: int, audit_hash: str) -> Receipt:
        """A receipt over these facts."""
        public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
        blank = Receipt(events, time, audit_row, audit_hash, public, "")
        return msgspec.structs.replace(blank, signature=self._key.sign(blank.content).hex())
