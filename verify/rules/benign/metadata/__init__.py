"""One file per benign rule on a field of METADATA, for files that every reader reads alike."""
