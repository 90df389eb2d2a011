"""The tables of the vault."""

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, UniqueConstraint

TABLES = MetaData()
IDENTITIES = Table(
    "identities",
    TABLES,
    Column("kind", String, primary_key=True),
    Column("value", String, primary_key=True),
    Column("subject", BigInteger, nullable=False, index=True),
    sqlite_with_rowid=False,
)
TRAITS = Table(
    "traits", TABLES, Column("subject", BigInteger, primary_key=True), Column("traits", String, nullable=False)
)
STANDING = Table(
    "standing",
    TABLES,
    Column("subject", BigInteger, primary_key=True),
    Column("purpose", Integer, primary_key=True),
    Column("yes", Integer, nullable=False),
    Column("time", BigInteger, nullable=False),  # microseconds since 1970, UTC, as the next two: see consent.Word
    Column("since", BigInteger, nullable=False),
    Column("no", BigInteger, index=True),
    sqlite_with_rowid=False,
)
STATEMENTS = Table(
    "statements",
    TABLES,
    Column("number", Integer, primary_key=True),
    Column("subject", BigInteger, nullable=False, index=True),
    Column("granted", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("evidence", String, nullable=False),
    UniqueConstraint("subject", "evidence"),
)

MERGES = Table(
    "merges",
    TABLES,
    Column("number", Integer, primary_key=True),
    Column("subject", BigInteger, nullable=False, index=True),  # a device: it is one person's only
    Column("person", BigInteger, nullable=False, index=True),
    Column("evidence", String, nullable=False),  # the message that showed that the two are one, or who said so
    Column("time", BigInteger, nullable=False),
    Column("undone", BigInteger),  # when it was taken back; null: it stands
)
Index("merges_standing", MERGES.c.subject, unique=True, sqlite_where=MERGES.c.undone.is_(None))
STANDING_MERGE = MERGES.c.undone.is_(None)
