"""Speed, memory and accuracy: `make bench`."""
