"""The command line: one file per command; the only place with renderers and exit codes."""
