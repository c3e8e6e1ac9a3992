"""Contract suites for every kind of part, for the toolkit's own tests and for plugin authors."""
