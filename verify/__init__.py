"""The judge: fetch, read archives strictly, compare, explain, decide, remember; and the CLI."""
