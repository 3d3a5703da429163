"""The judge: fetch, read archives strictly, compare, explain, decide, remember; and the CLI."""

__version__ = "0.1.0"
