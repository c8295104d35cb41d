"""From models to structural schemas and CustomResourceDefinitions."""
