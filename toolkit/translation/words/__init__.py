"""Words of two languages in one space: their vectors, a mapping that a game learns, and a dictionary that follows."""
