"""The tables, the same on SQLite and on PostgreSQL. `migrations` creates them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    false,
    literal_column,
)

from scrape_operator.core.runs.run import RunStatus
from scrape_operator.storage.engine.columns import CleanText, Exact, Json, OptionalJson, RowId, StoredUuid, UTCDateTime
from scrape_operator.storage.engine.revisions import NextRevision

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

schedules = Table(
    "schedules",
    metadata,
    Column("uid", CleanText, primary_key=True),
    Column("namespace", CleanText, nullable=False),
    Column("name", CleanText, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("runs", BigInteger, nullable=False, server_default="0"),
    Column("missed", BigInteger, nullable=False, server_default="0"),
    Column("skipped", BigInteger, nullable=False, server_default="0"),
    Column("consecutive_failures", BigInteger, nullable=False, server_default="0"),
    Column("items_total", BigInteger, nullable=False, server_default="0"),
    Column("items_new", BigInteger, nullable=False, server_default="0"),
    Column("items_changed", BigInteger, nullable=False, server_default="0"),
    Column("items_gone", BigInteger, nullable=False, server_default="0"),
    Column("last_slot", UTCDateTime),
    Column("slot_generation", BigInteger, nullable=False, server_default="0"),
    Column("last_schedule_time", UTCDateTime),
    Column("last_successful_time", UTCDateTime),
    Column("last_failure_time", UTCDateTime),
    Column("last_change_time", UTCDateTime),
    Column("last_handled_request", CleanText),
    Column("handled_requests", CleanText, nullable=False, server_default=""),
    Column("default_interval", Float),
    Column("data_policy", CleanText, nullable=False, server_default="Retain"),
    Column("history_max_age", Float, nullable=False, server_default="2592000"),
    Column("webhooks", OptionalJson),
    Column("created_at", UTCDateTime, nullable=False),
    Column("deleted_at", UTCDateTime),
    Index("ix_schedules_name", "namespace", "name"),
)
"""One row per object that was ever run or skipped: what a restart and the pruning of runs must not change.

`runs` counts the runs that ended. `items_total` is the number of items that are not gone, and the other counts of items
are those of the last run. `last_slot` is the last due time that was run or skipped, `slot_generation` the spec's
generation at that time. `handled_requests` are digests of the latest tokens of manual runs, separated by spaces.
`default_interval` and `history_max_age` are in seconds. `webhooks` has the name and events of each webhook of the spec.
`deleted_at` is when the object was found to be deleted."""

is_deleted = schedules.c.deleted_at.is_not(None)

Index(
    "ix_schedules_deleted",
    schedules.c.data_policy,
    schedules.c.deleted_at,
    postgresql_where=is_deleted,
    sqlite_where=is_deleted,
)

scrape_runs = Table(
    "scrape_runs",
    metadata,
    Column("id", StoredUuid, primary_key=True),
    Column("schedule_uid", CleanText, nullable=False),
    Column("namespace", CleanText, nullable=False),
    Column("name", CleanText, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("trigger", CleanText, nullable=False),
    Column("slot", CleanText, nullable=False),
    Column("scheduled_for", UTCDateTime, nullable=False),
    Column("status", CleanText, nullable=False),
    Column("reason", CleanText),
    Column("message", CleanText),
    Column("started_at", UTCDateTime),
    Column("completed_at", UTCDateTime),
    Column("items_scraped", BigInteger, nullable=False, server_default="0"),
    Column("items_total", BigInteger, nullable=False, server_default="0"),
    Column("items_new", BigInteger, nullable=False, server_default="0"),
    Column("items_changed", BigInteger, nullable=False, server_default="0"),
    Column("items_gone", BigInteger, nullable=False, server_default="0"),
    Column("requests", BigInteger, nullable=False, server_default="0"),
    Column("bytes", BigInteger, nullable=False, server_default="0"),
    Column("missed", BigInteger, nullable=False),
    Column("owner", CleanText, nullable=False),
    Column("lease_expires_at", UTCDateTime),
    Column("policy", CleanText),
    Column("robots", CleanText),
    Column("inserted_revision", BigInteger, nullable=False, default=NextRevision(), server_default="1"),
    Column("revision", BigInteger, nullable=False, default=NextRevision(), onupdate=NextRevision(), server_default="1"),
    UniqueConstraint("schedule_uid", "slot"),
    Index("ix_scrape_runs_namespace", "namespace", "id"),
    Index("ix_scrape_runs_revision", "revision"),
)
"""One row per slot of a schedule: it runs, has run, or was skipped. `items_total` is the total after it.
`revision` grows with each change that readers should see (see `engine.revisions`)."""

Index("ix_scrape_runs_history", scrape_runs.c.schedule_uid, scrape_runs.c.scheduled_for.desc())

is_running = scrape_runs.c.status == literal_column(f"'{RunStatus.RUNNING.value}'")
"""Written into the statement, since a partial index is used only where the database reads its condition there."""

Index(
    "ix_scrape_runs_running", scrape_runs.c.lease_expires_at, postgresql_where=is_running, sqlite_where=is_running
)  # the reaper's: it holds only what is going on, so it stays small however long history is

run_tombstones = Table(
    "run_tombstones",
    metadata,
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("schedule_uid", CleanText, primary_key=True),
    Column("run_id", StoredUuid, primary_key=True),
    Column("namespace", CleanText, nullable=False),
    Column("name", CleanText, nullable=False),
    Column("trigger", CleanText, nullable=False),
    Column("status", CleanText, nullable=False),
    Column("reason", CleanText),
    Column("inserted_revision", BigInteger, nullable=False),
    Column("run_revision", BigInteger, nullable=False),
    Column("deleted_at", UTCDateTime, nullable=False),
)
"""One row per run that was deleted lately, written by triggers: watches send it as DELETED. `run_revision` is the last
revision of the run. A `run_id` of zeros stands for all runs of a schedule whose object was deleted."""

scrape_target_runs = Table(
    "scrape_target_runs",
    metadata,
    Column("run_id", StoredUuid, ForeignKey("scrape_runs.id", ondelete="CASCADE"), primary_key=True),
    Column("target", CleanText, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("status", CleanText, nullable=False),
    Column("reason", CleanText, nullable=False),
    Column("message", CleanText, nullable=False),
    Column("http_status", Integer),
    Column("duration", Float, nullable=False),
    Column("requests", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("pages", BigInteger, nullable=False),
    Column("items", BigInteger, nullable=False),
    Column("warnings", Json, nullable=False),
    Column("phases", Json, nullable=False),
    Column("found", Json),
    Column("breach", CleanText),
    Column("since", UTCDateTime),
    Column("fingerprint", CleanText, nullable=False, server_default=""),
)
"""One row per target of a run. `position` is its place in the spec; `since`, where it is not fine, is
when it began to be so with this status and reason; `duration` is in seconds, and so are the values of `phases`.
`found` says in how many percent of the items each field was found. `fingerprint` is that of the settings that decide
which items there are."""

items = Table(
    "items",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("schedule_uid", CleanText, nullable=False),
    Column("target", CleanText, nullable=False),
    Column("key", CleanText, nullable=False),
    Column("data", Json, nullable=False),
    Column("content_hash", CleanText, nullable=False),
    Column("first_seen_at", UTCDateTime, nullable=False),
    Column("last_seen_at", UTCDateTime, nullable=False),
    Column("changed_at", UTCDateTime, nullable=False),
    Column("gone_at", UTCDateTime),
    Column("run_id", StoredUuid, nullable=False),
    UniqueConstraint("schedule_uid", "target", "key"),
)
"""One row per item of a target. `run_id` is the last run that saw it; it may have been pruned since."""

item_changes = Table(
    "item_changes",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("schedule_uid", CleanText, nullable=False),
    Column("target", CleanText, nullable=False),
    Column("key", CleanText, nullable=False),
    Column("run_id", StoredUuid, nullable=False),
    Column("change", CleanText, nullable=False),
    Column("before", OptionalJson),
    Column("after", OptionalJson),
    Column("at", UTCDateTime, nullable=False),
    Index("ix_item_changes_schedule", "schedule_uid", "at"),
)
"""One row each time that an item changed: NEW, CHANGED, GONE or BACK. Of a changed item `before` and `after` have the
fields that differ; of the others they have all fields, or are NULL where there was or is no item."""

validators = Table(
    "validators",
    metadata,
    Column("schedule_uid", CleanText, primary_key=True),
    Column("target", CleanText, primary_key=True),
    Column("url", CleanText, nullable=False),
    Column("etag", CleanText, nullable=False),
    Column("last_modified", CleanText, nullable=False),
    Column("body_hash", CleanText, nullable=False),
    Column("fingerprint", CleanText, nullable=False),
)
"""One row per target with `conditional`: what its documents were when its items were last stored in full."""

bodies = Table(
    "bodies",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("run_id", StoredUuid, ForeignKey("scrape_runs.id", ondelete="CASCADE"), nullable=False),
    Column("schedule_uid", CleanText, nullable=False),
    Column("target", CleanText, nullable=False),
    Column("page", Integer, nullable=False),
    Column("url", CleanText, nullable=False),
    Column("http_status", Integer, nullable=False),
    Column("content_type", CleanText, nullable=False),
    Column("digest", CleanText, nullable=False),
    Column("link_header", CleanText, nullable=False, server_default=""),
    Column("detail_of", CleanText, nullable=False, server_default=""),
    Column("fetched_at", UTCDateTime),
    Index("ix_bodies_run_id", "run_id"),
    Index("ix_bodies_schedule", "schedule_uid", "id"),
    Index("ix_bodies_digest", "digest"),
)
"""One row per response that is kept for replay; `page` counts from 0. They go with their runs. `detail_of` is the
address of a detail document, as its item links to it, or the request of an adapter, and empty for a page."""

body_contents = Table(
    "body_contents",
    metadata,
    Column("digest", CleanText, primary_key=True),
    Column("stored_bytes", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""The contents of kept responses, each once, compressed with gzip to `stored_bytes`. `digest` is BLAKE2b of the
content before that."""

day_budgets = Table(
    "day_budgets",
    metadata,
    Column("policy", CleanText, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("requests", BigInteger, nullable=False, server_default="0"),
    Column("bytes", BigInteger, nullable=False, server_default="0"),
)
"""One row per policy with a budget of a day, and per day of UTC: what was spent, or is reserved by a process that
spends it. `policy` is the kind, the namespace and the name. What a policy does not limit is 0."""

events = Table(
    "events",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("sportradar_id", CleanText),
    Column("genius_id", CleanText),
    Column("sport", CleanText, nullable=False),
    Column("country", CleanText, nullable=False),
    Column("competition", CleanText, nullable=False),
    Column("home", CleanText, nullable=False),
    Column("away", CleanText, nullable=False),
    Column("starts_at", UTCDateTime, nullable=False),
    Column("match_kind", CleanText, nullable=False),
    Index("ix_events_starts_at", "starts_at"),
)
"""One row per event, whoever offers odds for it. `match_kind` is that of its least certain part: `id`, `weak` where a
bookmaker's event is taken for it by names and kick-off alone, `none` where one bookmaker has it, without an id."""

platform_events = Table(
    "platform_events",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("event_id", BigInteger, ForeignKey("events.id")),
    Column("bookmaker", CleanText, nullable=False),
    Column("bookmaker_event_id", CleanText, nullable=False),
    Column("sportradar_id", CleanText),
    Column("genius_id", CleanText),
    Column("sport", CleanText, nullable=False),
    Column("country", CleanText, nullable=False),
    Column("competition", CleanText, nullable=False),
    Column("competition_id", CleanText, nullable=False, server_default=""),
    Column("home", CleanText, nullable=False),
    Column("away", CleanText, nullable=False),
    Column("starts_at", UTCDateTime, nullable=False),
    Column("match_kind", CleanText, nullable=False),
    Column("is_swapped", Boolean, nullable=False, server_default=false()),
    Column("apart_reason", CleanText),
    Column("schedule_uid", CleanText, nullable=False),
    Column("target", CleanText, nullable=False),
    Column("first_seen_at", UTCDateTime, nullable=False),
    Column("seen_at", UTCDateTime, nullable=False),
    Column("withdrawn_at", UTCDateTime),
    UniqueConstraint("bookmaker", "bookmaker_event_id"),
    Index("ix_platform_events_event_id", "event_id"),
    Index("ix_platform_events_starts_at", "starts_at"),
    Index("ix_platform_events_schedule", "schedule_uid", "starts_at"),
)
"""One row per event of a bookmaker. `schedule_uid` and `target` saw it last, at `seen_at`; `withdrawn_at` is when it
was found to be listed no more, though it had not begun. `is_swapped` bookmakers list home and away the other way round
than `events` does: their prices are stored as those of the event. `apart_reason` says why no other bookmaker's event is
the same one."""

market_readings = Table(
    "market_readings",
    metadata,
    Column("platform_event_id", BigInteger, primary_key=True, autoincrement=False),
    Column("market", CleanText, primary_key=True),
    Column("odds_hash", CleanText, nullable=False),
    Column("confirmed_at", UTCDateTime, nullable=False),
    Column("fresh_until", UTCDateTime, nullable=False),
)
"""One row per market of a bookmaker's event that was read. The last reading, at `confirmed_at`, confirmed each price
of it that is offered. It counts as fresh until the second due time after it. `odds_hash` shows whether a reading has
the same prices."""

odds = Table(
    "odds",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("platform_event_id", BigInteger, nullable=False),
    Column("market", CleanText, nullable=False),
    Column("line", CleanText, nullable=False),
    Column("outcome", CleanText, nullable=False),
    Column("price", Exact, nullable=False),
    Column("opening_price", Exact, nullable=False),
    Column("first_seen_at", UTCDateTime, nullable=False),
    Column("changed_at", UTCDateTime, nullable=False),
    Column("withdrawn_at", UTCDateTime),
    UniqueConstraint("platform_event_id", "market", "line", "outcome"),
)
"""One row per price that a bookmaker offers, or offered until `withdrawn_at`; `price` is the last one. `line` is text,
so that it can be part of a key: in its shortest form, and empty where the market has none. No foreign key: a check
costs more than the insert, and a run brings a quarter of a million; `odds.withdrawal` deletes what belongs together."""

odds_changes = Table(
    "odds_changes",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("odds_id", BigInteger, nullable=False),
    Column("before", Exact),
    Column("after", Exact),
    Column("at", UTCDateTime, nullable=False),
    Index("ix_odds_changes_odds_id", "odds_id"),
)
"""One row each time that a price moved, was withdrawn (`after` is null) or came back (`before` is null). The opening
price stands in `odds`."""

odds_markets = Table(
    "odds_markets",
    metadata,
    Column("market", CleanText, primary_key=True),
    Column("outcomes", Json, nullable=False),
    Column("outcome_count", Integer, nullable=False),
    Column("winners", Integer, nullable=False),
)
"""What it takes to have all of a market, for the margin in `odds_comparison`. No outcomes: they are no closed list."""

odds_state = Table(
    "odds_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
    Column("matched_version", BigInteger, nullable=False),
)
"""One row. `version` counts the changes of what is listed; the matches are of `matched_version`."""
