"""Package indexes: configuration, listing, choosing, downloading, caching."""
