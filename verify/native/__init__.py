"""Native code: two shared objects, compared by what every byte of them means."""
