"""The accuracy bench: a generated corpus, the stacks that hear it, what is measured of them, and the page."""
