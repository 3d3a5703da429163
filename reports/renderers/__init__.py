"""Renderers of a check's or a batch's results: each reads the JSON document and nothing else."""
