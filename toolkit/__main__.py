"""`python -m toolkit`, e.g. under torchrun."""

from toolkit.cli import main

if __name__ == "__main__":
    main()
