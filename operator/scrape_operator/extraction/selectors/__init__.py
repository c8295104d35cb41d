"""Selector languages: css, xpath, jmespath, regex."""
