"""The ledger: every verdict is remembered, with all that it depends on.

`memory` is what a check uses; `store` is the database behind it, SQLite or any other that
SQLAlchemy speaks to, and `sqlite` the only module that knows of one in particular.
"""
