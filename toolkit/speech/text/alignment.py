"""Phones of a whole clause, shared out to its words by what each word sounds like alone."""

from __future__ import annotations

from collections.abc import Sequence


def share_out(together: Sequence[str], alone: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Cut the phones of a clause where its words meet.

    The clause is aligned to the words said one by one (Levenshtein's edit distance, smallest number of changes); a
    phone that has no partner goes with the one before it.

    Args:
        together: phones of the clause as it was said.
        alone: phones of each word by itself.

    Returns:
        One piece for each word; all pieces in a row are `together`. A piece can be empty.
    """
    flat = [phone for phones in alone for phone in phones]
    owner = [word for word, phones in enumerate(alone) for _ in phones]
    rows, columns = len(together), len(flat)
    cost = [[0] * (columns + 1) for _ in range(rows + 1)]
    for row in range(rows + 1):
        for column in range(columns + 1):
            if not row or not column:
                cost[row][column] = row + column
                continue
            change = cost[row - 1][column - 1] + (together[row - 1] != flat[column - 1])
            cost[row][column] = min(change, cost[row - 1][column] + 1, cost[row][column - 1] + 1)
    belongs: list[int | None] = [None] * rows
    row, column = rows, columns
    while row and column:
        if cost[row][column] == cost[row - 1][column - 1] + (together[row - 1] != flat[column - 1]):
            row, column = row - 1, column - 1
            belongs[row] = owner[column]
        elif cost[row][column] == cost[row - 1][column] + 1:
            row -= 1
        else:
            column -= 1
    pieces: list[list[str]] = [[] for _ in alone]
    word = 0
    for phone, mine in zip(together, belongs, strict=True):
        word = word if mine is None else mine
        if pieces:
            pieces[word].append(phone)
    return [tuple(piece) for piece in pieces]
