"""Write data/registry.json from a folder of pictures with its manifest.json and origins.json.

Usage: python tools/make_registry.py PATH_TO_DATA [--output data/registry.json]

``manifest.json`` gives kind, frames in order and sha256 of every set; ``origins.json`` gives the GitHub repository,
commit and path that every file was published at; the folder itself gives the sizes, and every file is checked once.
The terms are written down here, by hand, as the origins state them.
"""

import argparse
import hashlib
import json
import os
from pathlib import Path, PurePosixPath

ABOUT = (
    "Data sets by name. A file is [name, path below `root` in the origin's repository, bytes, sha256]; `frames` are in"
    " order, `extras` are not frames, `files` of an origin come along with each of its sets."
    " Written by tools/make_registry.py."
)

# (repository, first part of the set's name or "" for all) -> key, terms as stated by the origin, credit
TERMS = {
    ("gbelouze/mva-imagerie-numerique", "lytro"): (
        "lytro",
        "cite the paper; licence not stated",
        "Lytro Multi-focus Dataset (Nejati, Samavi, Shirani 2015), doi:10.1016/j.inffus.2014.10.004",
    ),
    ("gbelouze/mva-imagerie-numerique", "mef"): (
        "mef",
        "any purpose, with notice and acknowledgement",
        "Waterloo IVC MEF database (Ma, Zeng, Wang 2015), doi:10.1109/TIP.2015.2442920",
    ),
    ("gbelouze/mva-imagerie-numerique", "petrovic"): (
        "petrovic",
        "cite the paper; licence not stated",
        "Petrovic data (Petrovic 2007), doi:10.1016/j.inffus.2005.05.001",
    ),
    ("gbelouze/mva-imagerie-numerique", "ours"): ("ours", "not stated", "pictures of the repository's authors"),
    ("uzeful/Boundary-Finding-based-Multi-focus-Image-Fusion", ""): (
        "boundary-finding",
        "not stated (code: research only)",
        "test pairs of Zhang, Bai, Wang 2017",
    ),
    ("xingchenzhang/MFIFB", ""): ("mfifb", "not stated", "MFIFB benchmark (Zhang 2020)"),
    ("Jamy-L/Pytorch-Exposure-Fusion", ""): ("exposure-fusion", "not stated (repository: MIT)", "exposure bursts"),
    ("PetteriAimonen/focus-stack", ""): ("focus-stack", "MIT", "examples of the program focus-stack"),
    ("lucalista/shinestacker", ""): (
        "shinestacker",
        "not stated (code: LGPL-3.0)",
        "examples of the program shinestacker",
    ),
    ("bznick98/Focus_Stacking", ""): ("bznick", "not stated", "test images; test6 by cambridgeincolour.com"),
    ("dodoseung/Depth-from-Focus", ""): ("depth-from-focus", "not stated", "focus series balls and keyboard"),
    ("Rohitth007/Depth-from-Focus", ""): (
        "depth-from-focus-aligned",
        "learning and education only",
        "the series balls and keyboard, aligned and recompressed",
    ),
    ("adrelino/variational-depth-from-focus", ""): (
        "sim-cone",
        "repository: GPL-2.0",
        "made with the defocus simulation of S. Pertuz",
    ),
    ("scikit-image/scikit-image", ""): (
        "middlebury",
        "not stated",
        "Middlebury 2014 stereo (Scharstein et al. 2014), quarter size, doi:10.1007/978-3-319-11752-2_3",
    ),
    ("chshin10/epinet", ""): (
        "light-field",
        "CC BY-NC-SA 4.0, cite",
        "4D Light Field Benchmark (Honauer et al. 2016), doi:10.1007/978-3-319-54187-7_2",
    ),
    ("MarcMcConnell18/bayesian-matting", ""): (
        "alphamatting",
        "not stated",
        "alphamatting.com training set (Rhemann et al. 2009), doi:10.1109/CVPR.2009.5206503",
    ),
    ("pymatting/pymatting", ""): ("pymatting", "repository: MIT", "the lemur of pymatting"),
    ("BIDS/BSDS500", ""): (
        "bsds500",
        "not stated; cite the paper",
        "BSDS500 train images (Arbelaez et al. 2011), doi:10.1109/TPAMI.2010.161",
    ),
}


def terms_of(repository, name):
    """Key, terms and credit of a file or set of a repository."""
    return TERMS.get((repository, name.split("/")[0])) or TERMS[repository, ""]


def checked_size(path, sha256):
    """Bytes of a file whose checksum must be the one of the manifest."""
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f"{path} is not the file of the manifest: its sha256 differs")
    return len(content)


def common_root(paths):
    """Longest folder that all paths share, with its slash, or nothing."""
    root = os.path.commonpath([PurePosixPath(path).parent for path in paths])
    return f"{root}/" if root else ""


class Collection:
    """A folder of sets with what is known of each file."""

    def __init__(self, folder):
        self.folder = folder
        self.manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        self.origins = json.loads((folder / "origins.json").read_text(encoding="utf-8"))

    def row(self, file, sha256, root):
        """One file as it stands in the registry."""
        path = self.origins["files"][file]["path"].removeprefix(root)
        return [PurePosixPath(file).name, path, checked_size(self.folder / file, sha256), sha256]

    def others_in(self, name):
        """Files with an address that belong to a folder but are no frames of a set."""
        files = self.manifest["other_files"].items()
        return {f: h for f, h in files if f in self.origins["files"] and str(PurePosixPath(f).parent) == name}

    def describe_set(self, name, entry):
        """What the registry says about one set."""
        sha256 = entry["sha256"] | self.others_in(name)
        root = common_root([self.origins["files"][file]["path"] for file in sha256])
        extras = sorted(set(sha256) - set(entry["frames"]))
        described = {
            "kind": entry["kind"],
            "origin": terms_of(entry["origin"][0], name)[0],
            "size": [entry["width"], entry["height"]],
            "uneven": bool(entry.get("exceptions")),
            "sources": entry.get("sources"),
            "note": entry.get("note"),
            "root": root,
            "frames": [self.row(file, sha256[file], root) for file in entry["frames"]],
            "extras": [self.row(file, sha256[file], root) for file in extras],
        }
        return {key: value for key, value in described.items() if value or key == "root"}

    def describe_origin(self, repository, prefix):
        """Where a family of sets comes from, on which terms, with the notices that belong to it."""
        key, terms, credit = TERMS[repository, prefix]
        described = {"repository": repository, "commit": self.origins["commits"][repository]}
        described |= {"terms": terms, "credit": credit}
        notices = self.others_in(prefix) if prefix else {}
        if notices:
            described["folder"] = prefix
            described["root"] = common_root([self.origins["files"][file]["path"] for file in notices])
            described["files"] = [self.row(f, notices[f], described["root"]) for f in sorted(notices)]
        return key, described

    def registry(self):
        """The whole registry."""
        origins = dict(self.describe_origin(*where) for where in TERMS)
        sets = {name: self.describe_set(name, entry) for name, entry in self.manifest["sets"].items()}
        return {"about": ABOUT, "origins": origins, "sets": sets}


def dumps(registry):
    """JSON with one file per line, sorted by the name of origin and set: small, and easy to compare."""
    lines = [f'{{"about": {json.dumps(registry["about"])}']
    for section in ("origins", "sets"):
        entries = [f"{json.dumps(name)}: {dumps_entry(registry[section][name])}" for name in sorted(registry[section])]
        lines.append(f'"{section}": {{\n' + ",\n".join(entries) + "\n}")
    return ",\n".join(lines) + "}\n"


def dumps_entry(entry):
    """One origin or set: what it is on the first line, then a line per file."""
    fields = []
    for key, value in entry.items():
        text = json.dumps(value, ensure_ascii=False)
        if key in ("frames", "extras", "files"):
            text = "[\n " + ",\n ".join(json.dumps(row, ensure_ascii=False) for row in value) + "]"
        fields.append(f"{json.dumps(key)}: {text}")
    return "{" + ", ".join(fields) + "}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder that holds manifest.json, origins.json and the files")
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[1] / "data" / "registry.json")
    options = parser.parse_args()
    text = dumps(Collection(options.folder).registry())
    json.loads(text)
    options.output.write_text(text, encoding="utf-8")
    print(f"{options.output}: {len(text) / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
