"""A text in the units that a voice knows: what it has never heard is replaced by what is nearest, and said."""

from __future__ import annotations

from toolkit.speech.text.inventory import Inventory
from toolkit.speech.voice.units import Units


def fitted(units: Units, inventory: Inventory) -> tuple[Units, list[str]]:
    """Units of the inventory alone, and a sentence for each symbol that it lacks."""
    symbols, instead = inventory.fit(units.symbols)
    notes = [
        f"the voice has never heard '{symbol}' and says '{near}' instead"
        if near
        else f"the voice has never heard '{symbol}', nor anything near it, and leaves it out"
        for symbol, near in instead.items()
    ]
    kept = [place for place, symbol in enumerate(symbols) if symbol in inventory]
    chosen = [tuple(values[place] for place in kept) for values in (units.stress, units.initial, units.places)]
    return Units(tuple(symbols[place] for place in kept), *chosen), notes
