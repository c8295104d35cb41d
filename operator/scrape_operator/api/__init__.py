"""What users write: pydantic models of the kinds, and the generator model to CRD."""
