"""Translation: from two text files to translated files."""
