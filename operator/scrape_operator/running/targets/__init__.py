"""What one target of a run does: fetch and extract, or scrape a platform; evaluate the result."""
