#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Prints what a build is made of, as an SPDX 2.3 document in JSON.

    sbom.py BUILD-FOLDER

All of it is what the build knows: name, version and licence of the project, the libraries that meson has found, with
their versions, and which of them the library and each installed program need at run time. BLIS, which meson finds
without a version, tells its own.
"""
import ctypes
import datetime
import hashlib
import json
import os
import re
import subprocess
import sys
import uuid


def introspect(build, what):
    text = subprocess.run(["meson", "introspect", build, f"--{what}"], check=True, capture_output=True, text=True).stdout
    return json.loads(text)


def needed(path):
    """The sonames that a file asks the linker for."""
    text = subprocess.run(["readelf", "-d", path], check=True, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    return re.findall(r"\(NEEDED\).*\[(.*)\]", text.stdout)


def soname(path):
    text = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout
    found = re.search(r"\(SONAME\).*\[(.*)\]", text)
    return found[1] if found else None


def libraries_of(dependencies):
    """Name and version of each library that was found, by its soname."""
    found = {}
    for dependency in dependencies:
        for argument in dependency["link_args"]:
            name = soname(argument) if ".so" in argument and os.path.exists(argument) else None
            if name:
                found[name] = (dependency["name"], dependency["version"])
    return found


def blis_version(library):
    handle = ctypes.CDLL(library)
    handle.diffmm_build_info.restype = ctypes.c_char_p
    found = re.search(r"BLIS ([0-9.]+)", handle.diffmm_build_info().decode())
    return found[1] if found else "unknown"


def licence_of(build_files):
    """What project() says, which meson keeps to itself."""
    top = min((path for path in build_files if os.path.basename(path) == "meson.build"), key=len)
    with open(top, encoding="utf-8") as file:
        return re.search(r"license: '(.*)'", file.read())[1]


def package(identifier, name, version, licence="NOASSERTION"):
    entry = {"SPDXID": identifier, "name": name, "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
             "licenseConcluded": "NOASSERTION", "licenseDeclared": licence, "copyrightText": "NOASSERTION"}
    if version and version != "unknown":
        entry["versionInfo"] = version
    return entry


def identifier_of(name):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)


def document(build):
    project = introspect(build, "projectinfo")
    targets = [target for target in introspect(build, "targets") if target["installed"]]
    shared = next(target for target in targets if target["type"] == "shared library")["filename"][0]
    own = soname(shared)
    found = libraries_of(introspect(build, "dependencies"))
    found.setdefault(next(name for name in needed(shared) if name.startswith("libblis.")), ("blis", blis_version(shared)))

    licence = licence_of(introspect(build, "buildsystem-files"))
    packages = {"libdiffmm": package(identifier_of("libdiffmm"), "libdiffmm", project["version"], licence)}
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", identifier_of("libdiffmm"))]
    for target in [target for target in targets if target["type"] in ("shared library", "executable")]:
        path = target["filename"][0]
        holder = "libdiffmm"
        if target["type"] == "executable":
            holder = target["name"]
            packages[holder] = package(identifier_of(holder), holder, project["version"], licence)
            relations.append((identifier_of("libdiffmm"), "CONTAINS", identifier_of(holder)))
        for name in needed(path):
            if name == own:
                relations.append((identifier_of(holder), "DEPENDS_ON", identifier_of("libdiffmm")))
                continue
            # What belongs to the compiler and the C library has no name in the build but its own.
            title, version = found.get(name, (name, "unknown"))
            packages.setdefault(title, package(identifier_of(title), title, version))
            relations.append((identifier_of(holder), "DEPENDS_ON", identifier_of(title)))

    stamp = os.environ.get("SOURCE_DATE_EPOCH")
    now = datetime.datetime.fromtimestamp(int(stamp), datetime.timezone.utc) if stamp else datetime.datetime.now(datetime.timezone.utc)
    content = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"libdiffmm-{project['version']}",
        "creationInfo": {"created": f"{now:%Y-%m-%dT%H:%M:%SZ}", "creators": [f"Tool: libdiffmm-sbom-{project['version']}"]},
        "packages": list(packages.values()),
        "relationships": [{"spdxElementId": a, "relationshipType": kind, "relatedSpdxElement": b}
                          for a, kind, b in dict.fromkeys(relations)],
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    content["documentNamespace"] = uuid.uuid5(uuid.NAMESPACE_OID, digest).urn
    return content


def main():
    json.dump(document(sys.argv[1]), sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
