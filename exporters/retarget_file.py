"""Retarget maps as TOML files.

    version = 1
    [targets.Smile_L]
    from = { mouthSmileLeft = 1.0, mouthDimpleLeft = 0.2 }    # gains; the products are summed
    offset = 0.0                                              # then this is added
    curve = [[0.0, 0.0], [0.5, 0.3], [1.0, 1.0]]              # then bent, straight between the points
    limit = [0.0, 1.0]                                        # then held between these
    [[targets.Smile_L.couplings]]                             # added to the sum: shapes that act only together
    of = ["jawOpen", "mouthSmileLeft"]
    mode = "product"                                          # or "min"
    gain = 0.5
"""

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from capture.errors import DataError
from capture.toml_file import read_toml
from exporters.retarget import MODES, Coupling, RetargetMap, Target

LARGEST = 1e9
"""No gain, offset or limit of a face's curve is near it; beyond, products would leave the range of numbers."""


def load(path: Path) -> RetargetMap:
    """Read a map.

    Raises:
        DataError: it cannot be read or a line of it makes no sense; the message names the target.
    """
    table = read_toml(path)
    if table.get("version") != 1:
        raise DataError(f"{path} says version {table.get('version')!r}, and this mien reads version 1; "
                        "put `version = 1` at its top or update mien")
    targets = table.get("targets")
    if not isinstance(targets, dict) or not targets:
        raise DataError(f"{path} has no [targets.NAME] table; add one for each curve of the other rig")
    return RetargetMap(tuple(_target(path, name, entry) for name, entry in targets.items()))


def _target(path: Path, name: str, entry: Any) -> Target:
    def wrong(what: str) -> DataError:
        return DataError(f"{path}: [targets.{name}] {what}; see assets/retarget-example.toml")

    if not isinstance(entry, dict):
        raise wrong("is not a table")
    odd = sorted(set(entry) - {"from", "offset", "curve", "limit", "couplings"})
    if odd:
        raise wrong(f"has an entry {odd[0]!r} that mien does not know")
    terms, couplings = entry.get("from", {}), entry.get("couplings", [])
    curve, limit = entry.get("curve", []), entry.get("limit")
    if not isinstance(terms, dict) or not _numbers(terms.values()):
        raise wrong("from is not a table of names and gains")
    if not _numbers([entry.get("offset", 0.0)]):
        raise wrong("offset is not a number")
    if not (isinstance(curve, list) and all(isinstance(p, list) and len(p) == 2 and _numbers(p) for p in curve)) or any(
            a[0] >= b[0] for a, b in itertools.pairwise(curve)):
        raise wrong("curve is not a list of [in, out] whose ins grow")
    if limit is not None and not (isinstance(limit, list) and len(limit) == 2 and _numbers(limit)
                                  and limit[0] <= limit[1]):
        raise wrong("limit is not [lowest, highest]")
    if not isinstance(couplings, list):
        raise wrong("couplings is not a list of tables")
    made = []
    for coupling in couplings:
        of = coupling.get("of") if isinstance(coupling, dict) else None
        if not isinstance(of, list) or not of or not all(isinstance(source, str) for source in of):
            raise wrong("has a coupling whose `of` is not a list of names")
        if coupling.get("mode", "product") not in MODES or not _numbers([coupling.get("gain", 1.0)]):
            raise wrong(f"has a coupling whose mode is not {' or '.join(MODES)} or whose gain is not a number")
        made.append(Coupling(tuple(of), coupling.get("mode", "product"), float(coupling.get("gain", 1.0))))
    return Target(name, tuple((source, float(gain)) for source, gain in terms.items()), tuple(made),
                  float(entry.get("offset", 0.0)), tuple((float(x), float(y)) for x, y in curve),
                  None if limit is None else (float(limit[0]), float(limit[1])))


def _numbers(values: Iterable[Any]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST
               for value in values)
