"""Making a lock: what is asked for, what that resolves to, what of it is trusted, the file."""
