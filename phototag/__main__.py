"""`python -m phototag` and the console script `phototag` are the same door."""

from __future__ import annotations

from phototag.cli import main

if __name__ == "__main__":
    main()
