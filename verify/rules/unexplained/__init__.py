"""One file per kind of difference that nothing explains, from telling to catch-all."""
