"""The HTML report: an overview and a page for each wheel, static and without requests."""
