"""scrape-operator: CronJob for the web, without the pods."""

from importlib.metadata import version

__version__ = version("scrape-operator")
