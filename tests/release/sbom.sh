#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The list of what a build is made of is whole: it has what SPDX 2.3 asks for, names every library that the files ask the
# linker for, with versions of those that the build knows, and is the same each time.
# usage: sbom.sh PYTHON BUILD-FOLDER SOURCE-FOLDER
set -eu
python=$1 build=$2 source=$3
command -v readelf >/dev/null || {
    echo "skipped: there is no readelf"
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
SOURCE_DATE_EPOCH=1700000000
export SOURCE_DATE_EPOCH
"$python" -B "$source/doc/packaging/sbom.py" "$build" >"$work/one"
"$python" -B "$source/doc/packaging/sbom.py" "$build" | cmp - "$work/one"
"$python" - "$work/one" <<'PYTHON'
import json
import re
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    document = json.load(file)
assert document["spdxVersion"] == "SPDX-2.3" and document["dataLicense"] == "CC0-1.0", document
assert document["SPDXID"] == "SPDXRef-DOCUMENT" and document["documentNamespace"].startswith("urn:uuid:")
assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["creationInfo"]["created"])
packages = {package["SPDXID"]: package for package in document["packages"]}
assert len(packages) == len(document["packages"])
for identifier, package in packages.items():
    assert re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", identifier), identifier
    assert package["name"] and package["downloadLocation"], package
for relation in document["relationships"]:
    for end in (relation["spdxElementId"], relation["relatedSpdxElement"]):
        assert end in packages or end == "SPDXRef-DOCUMENT", relation
needs = {relation["relatedSpdxElement"] for relation in document["relationships"]
         if relation["spdxElementId"] == "SPDXRef-libdiffmm" and relation["relationshipType"] == "DEPENDS_ON"}
for name in ("blis", "jansson"):
    assert f"SPDXRef-{name}" in needs, needs
    assert re.match(r"\d", packages[f"SPDXRef-{name}"]["versionInfo"]), packages[f"SPDXRef-{name}"]
assert packages["SPDXRef-libdiffmm"]["licenseDeclared"] == "BSD-2-Clause"
assert "SPDXRef-check" not in packages
print(", ".join(f"{p['name']} {p.get('versionInfo', '')}".strip() for p in packages.values()))
PYTHON
