"""Writes hashes.txt from what pip says it would install: `python -m tests.bench.hashes REPORT.json ...`, where each
report is pip's own for one version of Python, 3.11 first:

    pip install --dry-run --ignore-installed --report REPORT.json -c constraints.txt -e ".[test,usd,cluster,train]"

Names, versions and SHA-256 alone: no address of an index, so the file holds for every mirror.
"""

import json
import sys
from pathlib import Path

OUT = Path(__file__).parents[2] / "hashes.txt"
HEAD = """\
# Everything that mien needs, with the SHA-256 of each package for Linux on x86-64 and CPython 3.11, most for 3.12 too;
# torch is the build for processors alone. `pip install --require-hashes -r hashes.txt` installs exactly these.
# Made by tests/bench/hashes.py.
"""


def lines(reports: list[dict]) -> list[str]:
    """One requirement a line, by name, as the first report has it; the others add their hashes of the same versions."""
    found: dict[tuple[str, str], set[str]] = {}
    for number, report in enumerate(reports):
        for item in report["install"]:
            if hashes := item["download_info"].get("archive_info", {}).get("hashes"):  # mien itself has none
                key = item["metadata"]["name"].lower().replace("_", "-"), item["metadata"]["version"]
                if number == 0 or key in found:
                    found.setdefault(key, set()).add(hashes["sha256"])
    return [" ".join([f"{name}=={version}", *(f"--hash=sha256:{digest}" for digest in sorted(digests))])
            for (name, version), digests in sorted(found.items())]


if __name__ == "__main__":
    made = lines([json.loads(Path(path).read_text()) for path in sys.argv[1:]])
    OUT.write_text(HEAD + "".join(line + "\n" for line in made))
