"""What problems are about that come of copied libraries; see `Problem` for other parts."""

BUNDLED = "bundled"
"""Settled by the bundled libraries, and by nothing in the file itself."""

REPAIR = "repair"
"""What repairing changes in a file that loads copies; the rebuilt one was not repaired."""
