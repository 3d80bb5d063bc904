"""Builds the tables of the models that ship from ModelInfo XML files.

    python tools/build_models.py FOLDER      FOLDER holds <model>-modelinfo-<version>.xml for every shipped model

With ``--check`` nothing is written; the exit status says whether the tables are what the files give.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "engine"))

from cqlmeasure.errors import ContentError
from cqlmeasure.models.builtin import SHIPPED, table_file
from cqlmeasure.models.reader import load_modelinfo
from cqlmeasure.models.table import dump_table


def main() -> int:
    """Builds or checks every table; the number of problems is the exit status."""
    parser = argparse.ArgumentParser(description="Build the tables of the models that ship.")
    parser.add_argument("folder", type=Path, help="folder with <model>-modelinfo-<version>.xml")
    parser.add_argument("--check", action="store_true", help="only compare, write nothing")
    options = parser.parse_args()
    problems = 0
    for name, versions in SHIPPED.items():
        for version in versions:
            source = options.folder / f"{name.lower()}-modelinfo-{version}.xml"
            target = table_file(name, version)
            try:
                model = load_modelinfo(source)
            except ContentError as error:
                print(error, file=sys.stderr)
                problems += 1
                continue
            if (model.name, model.version) != (name, version):
                print(f"{source}: is {model.name} {model.version}, expected {name} {version}", file=sys.stderr)
                problems += 1
                continue
            table = dump_table(model)
            if options.check:
                same = target.exists() and target.read_bytes() == table
                problems += not same
                print(f"{target.name}: {'same' if same else 'DIFFERS'}")
            else:
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(table)
                print(f"{target.name}: {len(model.classes)} classes, {len(table):,} bytes")
    return problems


if __name__ == "__main__":
    sys.exit(main())
