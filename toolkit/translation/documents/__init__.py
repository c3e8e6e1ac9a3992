"""Documents: files whose texts are translated while everything around them stays as it was, byte for byte."""
