"""Build ``libraries/FHIRHelpers`` from the template beside this file and the conversions of a FHIR ModelInfo.

usage: python tools/fhirhelpers MODELINFO.xml [OUTPUT]

Everything that needs a thought is in the template.  What is added here is one line per primitive type and per code with
a required binding (251 of them only return the value as a string): the model says which there are.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

TEMPLATE = Path(__file__).with_name("FHIRHelpers.cql")
OUTPUT = Path(__file__).resolve().parents[2] / "libraries" / "FHIRHelpers"
VERSIONS = ("4.0.1", "4.4.000")
NAMESPACE = "{urn:hl7-org:elm-modelinfo:r1}"
WRITTEN_BY_HAND = {"ToCode", "ToConcept", "ToInterval", "ToQuantity", "ToRatio"}
KEYWORDS = {"code", "date", "time"}


def conversions(model_info: Path) -> list[tuple[str, str]]:
    """The (function, FHIR type) pairs of those conversions that just take the value, in the order of the types."""
    pairs = []
    for conversion in ElementTree.parse(model_info).getroot().findall(f"{NAMESPACE}conversionInfo"):
        function = conversion.attrib["functionName"].removeprefix("FHIRHelpers.")
        if function not in WRITTEN_BY_HAND:
            pairs.append((function, conversion.attrib["fromType"].removeprefix("FHIR.")))
    return sorted(pairs, key=lambda pair: (pair[1].lower(), pair[1]))


def library(version: str, pairs: list[tuple[str, str]]) -> str:
    """The text of one version of the library."""
    lines = []
    for function, name in pairs:
        quoted = f'"{name}"' if name in KEYWORDS else name
        lines.append(f"define function {function}(value FHIR.{quoted}): value.value\n")
    return TEMPLATE.read_text().replace("@VERSION@", version) + "".join(lines)


def main(arguments: list[str]) -> int:
    """Write every version; the exit status."""
    if not 1 <= len(arguments) <= 2:
        print((__doc__ or "").split("\n\n")[1], file=sys.stderr)
        return 2
    pairs = conversions(Path(arguments[0]))
    output = Path(arguments[1]) if len(arguments) == 2 else OUTPUT
    output.mkdir(parents=True, exist_ok=True)
    for version in VERSIONS:
        (output / f"FHIRHelpers-{version}.cql").write_text(library(version, pairs))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
