"""Document formats: one reader per format, and how a document's format is detected."""
