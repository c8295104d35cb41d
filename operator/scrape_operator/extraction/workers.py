"""Where documents are extracted."""

from scrape_operator.core.documents import Document, Extraction
from scrape_operator.extraction.compiled import CompiledExtract


class ExtractionPool:
    """Extracts inline."""

    async def extract(self, compiled: CompiledExtract, document: Document) -> Extraction:
        """Extract."""
        return compiled.extract(document)

    async def aclose(self) -> None:
        """Close."""
