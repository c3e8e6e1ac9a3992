"""Dates, times, numbers and amounts of money in English, German and Chinese: pairs without end, exact references."""
