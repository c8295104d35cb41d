"""scrape-operator: CronJob for the web, without the pods."""

__version__ = "0.1.0"
