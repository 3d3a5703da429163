"""What is measured against what, rerunnable: `make bench`."""
