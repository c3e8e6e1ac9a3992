"""An example of an outside package: one part of each of three kinds, found by the toolkit through entry points."""
