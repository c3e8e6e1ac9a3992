"""From text to subword ids and back: normalisation, protected placeholders, subwords, factors."""
