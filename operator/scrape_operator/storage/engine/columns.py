"""Column types that mean the same on SQLite and on PostgreSQL. Used by `tables` alone."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

from scrape_operator.storage.engine.cleaning import clean_text

Json: TypeEngine[Any] = JSON().with_variant(JSONB(), "postgresql")
"""JSON text on SQLite, JSONB on PostgreSQL."""

OptionalJson: TypeEngine[Any] = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""The same, where None is NULL and not the JSON value null."""

RowId = BigInteger().with_variant(Integer(), "sqlite")
"""A number that the database assigns; on SQLite only INTEGER is assigned."""


class UTCDateTime(TypeDecorator[datetime]):
    """An instant: aware on the way in, UTC on the way out. SQLite keeps it as UTC without a zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times, which mean nothing, and bring the others to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone can't be stored")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware UTC time, whatever zone the session has."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


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
