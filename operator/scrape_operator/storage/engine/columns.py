"""Column types that mean the same on SQLite and on PostgreSQL. Used by `tables` alone."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as ASYNCPG_UUID
from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, Numeric, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.sqlite import DATETIME as SQLITE_DATETIME
from sqlalchemy.types import TypeDecorator, TypeEngine

from scrape_operator.storage.engine.cleaning import clean_text

Json: TypeEngine[Any] = JSON().with_variant(JSONB(), "postgresql")
"""JSON text on SQLite, JSONB on PostgreSQL."""

OptionalJson: TypeEngine[Any] = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""The same, where None is NULL and not the JSON value null."""

RowId = BigInteger().with_variant(Integer(), "sqlite")
"""A number that the database assigns; on SQLite only INTEGER is assigned."""


class UTCDateTime(TypeDecorator[datetime]):
    """An instant: aware on the way in, UTC on the way out. SQLite keeps it as UTC without a zone.

    asyncpg returns instants in UTC, whatever zone the session has.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type that reads the values of a database."""
        return dialect.type_descriptor(_SQLITE_INSTANT() if dialect.name == "sqlite" else DateTime(timezone=True))

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], str | datetime | None]:
        """Return the function that writes a value. SQLAlchemy takes two steps and three times as long."""
        return _write_instant if dialect.name == "sqlite" else _to_utc


class _SQLiteInstant(SQLITE_DATETIME):
    """Reads an instant in one step: rows of runs have three, so it is a large part of the cost of a list."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], datetime | None]:
        """Return the function that reads a value."""
        return _read_instant


_SQLITE_INSTANT: type[TypeEngine[Any]] = _SQLiteInstant


def _to_utc(value: datetime | None) -> datetime | None:
    """Refuse naive times, which mean nothing, and bring the others to UTC."""
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a time without a zone can't be stored")
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def _write_instant(value: datetime | None) -> str | None:
    """Return the text that SQLAlchemy's own type for SQLite has: always with six digits of a second."""
    utc = _to_utc(value)
    return None if utc is None else utc.isoformat(" ", "microseconds").removesuffix("+00:00")


def _read_instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(f"{text}+00:00")


class StoredUuid(Uuid[UUID]):
    """A UUID. On both databases it is read as the class of asyncpg.

    That is a UUID of the standard library, made and written as text in a fifth of the time.
    """

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], UUID | None] | None:
        """Return the function that reads a value; values of asyncpg are such UUIDs."""
        return _read_uuid if dialect.name == "sqlite" else None


def _read_uuid(text: str | None) -> UUID | None:
    return None if text is None else ASYNCPG_UUID(text)


class CleanText(TypeDecorator[str]):
    """Text without bounds, which cost nothing on either database, and without what PostgreSQL refuses."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Replace NUL and lone surrogates."""
        return None if value is None else clean_text(value)


class Exact(TypeDecorator[Decimal]):
    """A decimal that comes back as it went in, and that SQL can compare and divide.

    PostgreSQL keeps decimals. SQLite keeps a float, which gives back every decimal of up to 15 digits unharmed (IEEE
    754, binary64) when it is read by its shortest text; `core.odds.kept_price` sees to it that there are no more.
    """

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Leave SQLite's numbers alone: this type reads them."""
        number: TypeEngine[Any] = Numeric(asdecimal=False) if dialect.name == "sqlite" else Numeric()
        return dialect.type_descriptor(number)

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Return the nearest float for SQLite."""
        return float(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Read SQLite's number by its shortest text."""
        return None if value is None else value if isinstance(value, Decimal) else Decimal(repr(value))
