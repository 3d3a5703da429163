"""What the ELF files of a published wheel teach about how they were compiled and linked."""
