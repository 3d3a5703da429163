"""The dist-info directory judged on its own: RECORD, WHEEL, METADATA, entry points."""
