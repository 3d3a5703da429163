"""Renderers of results. They read values of `verify.results` and nothing else."""
