"""The nightly work: find recordings, analyse each once in worker processes, store, publish."""
