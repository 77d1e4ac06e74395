"""Every SQL statement of the project as a file: migrations, views, reads and writes, loaded by name."""
