"""Text front end: sentences, words written out, phonemes, the speaker's inventory. Imports no torch."""
