"""Response bodies: content codings and size limits."""
