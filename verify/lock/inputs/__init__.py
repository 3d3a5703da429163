"""Strict readers of what `truewheel lock` is given: values, or an error that names a place."""
