"""Locks: read strictly, judged again hash by hash."""
