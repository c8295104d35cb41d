"""The models of the kinds, their validation, and the CRDs that are generated from them."""
