"""A batch: many wheels, in parallel, resumable; see `run` for the steps."""
