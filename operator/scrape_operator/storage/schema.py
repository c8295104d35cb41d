"""The whole schema, for migrations: every module that defines tables is imported by this one."""

from scrape_operator.storage.messages.tables import webhook_messages

metadata = webhook_messages.metadata
"""That of `storage.tables`, with the tables of every other module as well."""
