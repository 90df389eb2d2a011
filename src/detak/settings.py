"""One typed object of configuration: read from ``detak.toml`` in the store, passed in where it is needed."""

import re
from fnmatch import fnmatchcase, translate
from functools import cached_property
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from detak.bots import BotSettings
from detak.consent import CATEGORIES, NOTHING, Basis, Purpose, Purposes, purpose, union
from detak.errors import SettingsError
from detak.event import CONSENT_UPDATED
from detak.misfit import misfit
from detak.words import LANGUAGES

_LEAST_WINDOW = 30
_POSITIVE = (
    *("min_group", "seal_rows", "seal_seconds", "part_rows", "queue_bytes", "upload_bytes"),
    *("late_days", "ahead_minutes", "most_devices"),
)
PURPOSE_PREFIX = "purpose:"
"""Before the name of a purpose: this purpose, whatever the shop's own categories are called."""


class SourceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """The legal basis on which a source's events come in, and the purposes it covers where a person said nothing."""

    basis: Basis = Basis.CONSENT
    purposes: tuple[str, ...] = ()
    private_key: bool = False
    """The key of this source is known to the shop's server alone: it may ask what anybody it names is shown."""

    @cached_property
    def covers(self) -> Purposes:
        """The purposes as one value. Under the basis of consent, only what a person said counts."""
        return NOTHING if self.basis is Basis.CONSENT else union(purpose(name) for name in self.purposes)


# A shop that imports its own order book counts it: statistics over its own sales. Nothing else follows from that.
IMPORTED = SourceSettings(basis=Basis.LEGITIMATE_INTEREST, purposes=("essential", "analytics"))


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """Everything a shop can set. The defaults are those of a shop in Jakarta."""

    zone: str = "Asia/Jakarta"
    currency: str = "IDR"
    language: str = "id"
    min_group: int = 5
    """Groups of fewer orders or people than this are shown together, never one by one."""
    essential_events: tuple[str, ...] = ("Order *", "Payment *", "Checkout Completed", CONSENT_UPDATED)
    """Events that an order or a proof needs; kept under ``essential`` without consent, and used for nothing else."""
    consent_categories: dict[str, str] = {}
    """Names of the shop's own consent tool -> purpose; they come before the usual names."""
    sources: dict[str, SourceSettings] = {}
    """Per source: ``[sources.web] basis = "legitimate_interest"  purposes = ["analytics"]``."""
    seal_rows: int = 400_000
    """Facts in the hot tail that are enough to seal a Parquet part."""
    seal_seconds: int = 300
    """Facts older than this are sealed even if they are few."""
    part_rows: int = 250_000
    """A Parquet part covers as few days as hold this many facts."""
    queue_bytes: int = 256 * 1024 * 1024
    """Accepted but not yet applied; beyond it the way in answers 429."""
    shared_ids: tuple[str, ...] = ()
    """User ids and device ids that many people use (``kasir-*``): nobody's devices are united over them."""
    most_devices: int = 30
    """A user seen on so many devices gets no more of them: it is a shop assistant's id, or a test's."""
    dedupe_days: int = 0
    """A message sent again counts once within so many days of coming in, 30 at least; 0: for ever."""
    late_days: int = 30
    """A live event that happened longer ago than this is marked late."""
    ahead_minutes: int = 60
    """A live event of a moment further ahead than this is marked, and counted when it came in."""
    upload_bytes: int = 1024 * 1024 * 1024
    """A file that comes in over HTTP is no larger than this."""
    memory: str = "2GB"
    """What the analytic engine may use."""
    quarantine_days: Annotated[int, msgspec.Meta(ge=0)] = 14
    """A live message that could not be used is kept so long, to be sent again once it can; 0 keeps none."""
    quarantine_megabytes: Annotated[int, msgspec.Meta(ge=1)] = 64
    """What such messages may take up; beyond it the oldest go."""
    refit_minutes: Annotated[int, msgspec.Meta(ge=0)] = 60
    """Models are fitted again after so long, where something happened; 0: only when `detak fit` says so."""
    bots: BotSettings = BotSettings()
    """``[bots]``: what a shop adds to the list of programs that are no people, and takes from it."""
    retention_days: dict[str, int] = {}
    """Per purpose: facts older than this no longer serve it. Unset: as long as the shop keeps them."""

    @cached_property
    def timezone(self) -> ZoneInfo:
        """The shop's zone."""
        return ZoneInfo(self.zone)

    @cached_property
    def categories(self) -> dict[str, Purpose]:
        """Consent category (lower case) -> purpose."""
        own = {name.strip().lower(): purpose(of) for name, of in self.consent_categories.items()}
        plain = {f"{PURPOSE_PREFIX}{one.label}": one for one in Purpose}
        return {**CATEGORIES, **own, **plain}

    @cached_property
    def _essential(self) -> re.Pattern[str]:
        return re.compile("|".join(translate(name) for name in self.essential_events) or r"\Z.")

    @cached_property
    def _shared(self) -> re.Pattern[str]:
        return re.compile("|".join(translate(name) for name in self.shared_ids) or r"\Z.")

    def shared(self, identifier: str) -> bool:
        """Whether many people use this id."""
        return bool(self.shared_ids) and self._shared.match(identifier) is not None

    def essential(self, event: str) -> bool:
        """Whether an order or a proof needs this event."""
        return self._essential.match(event) is not None

    def source(self, name: str, *, imported: bool = False) -> SourceSettings:
        """What was set for the source (``*`` patterns allowed), or the default: deny, save the shop's own imports."""
        if name in self.sources:
            return self.sources[name]
        for pattern, found in self.sources.items():
            if fnmatchcase(name, pattern):
                return found
        return IMPORTED if imported else SourceSettings()


def load(path: Path) -> Settings:
    """The settings in a ``detak.toml``; the defaults where the file does not exist.

    Raises:
        SettingsError: the file says something that cannot be; the message names the key.
    """
    if not path.exists():
        return Settings()
    try:
        settings = msgspec.toml.decode(path.read_bytes(), type=Settings)
        _check(settings)
    except msgspec.ValidationError as error:
        found = misfit(error, Settings)
        raise SettingsError(f"{path}: {f'{found.path}: ' if found.path else ''}{found.told}") from None
    except (msgspec.MsgspecError, SettingsError, ValueError, OSError) as error:
        raise SettingsError(f"{path}: {error}") from None
    return settings


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a name of a folder, or one that is no path
        raise SettingsError(f"zone: {zone!r} is no time zone such as Asia/Jakarta") from None


def _check(settings: Settings) -> None:
    if settings.language not in LANGUAGES:
        raise SettingsError(f"language: is {settings.language!r}; there are: {', '.join(LANGUAGES)}")
    if not re.fullmatch(r"[A-Z]{3}", settings.currency):
        raise SettingsError(f"currency: {settings.currency!r} is not an ISO 4217 code such as IDR")
    for name in _POSITIVE:
        if getattr(settings, name) < 1:
            raise SettingsError(f"{name}: must be at least 1")
    if 0 < settings.dedupe_days < _LEAST_WINDOW or settings.dedupe_days < 0:
        raise SettingsError(f"dedupe_days: must be 0 (for ever) or at least {_LEAST_WINDOW}")
    _check_zone(settings.zone)
    _ = settings.categories
    for source in settings.sources.values():
        _ = source.covers
    if not re.fullmatch(r"[1-9]\d*(\.\d+)?\s*[KMGT]i?B", settings.memory):
        raise SettingsError(f"memory: {settings.memory!r} is not a size such as 2GB")
    for name, days in settings.retention_days.items():
        purpose(name)
        if days < 1:
            raise SettingsError(f"retention_days.{name}: must be at least 1")
