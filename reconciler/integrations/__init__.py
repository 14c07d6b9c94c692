"""The catalogue: what may be declared, one small pure file a kind."""
