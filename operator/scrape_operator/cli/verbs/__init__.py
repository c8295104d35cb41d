"""The verbs of `scrape-operator`: arguments and exit codes. Each imports what it does when it is called."""
