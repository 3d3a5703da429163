"""What the times and names of a project's files tell: its releases in upload order, and signals."""
