"""`python -m scrape_operator` is the command."""

from scrape_operator.cli import main

main()
