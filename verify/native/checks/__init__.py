"""What is compared of two shared objects; each check yields what it cannot account for."""
