"""The studio: one local web page for everything that the toolkit makes."""
