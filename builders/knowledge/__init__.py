"""What is known about build backends and interpreters, as data with its sources."""
