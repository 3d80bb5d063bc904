"""``python -m cqlmeasure``."""

from cqlmeasure.cli import main

if __name__ == "__main__":
    main()
