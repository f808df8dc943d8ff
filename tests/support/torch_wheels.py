"""python tests/support/torch_wheels.py FILE: write the checksums of torch's wheels from PyTorch's own index into FILE.

Part of `make lock`. Only where the index can be reached: elsewhere FILE stays as it is, unless it is of other versions,
which are no longer installed: then it goes, and the installation believes the index, as before.
"""

from __future__ import annotations

import re
import sys
import urllib.request
from collections.abc import Callable
from html import unescape
from pathlib import Path
from urllib.error import URLError
from urllib.parse import unquote

ROOT = Path(__file__).parents[2]
INDEX = "https://download.pytorch.org/whl/cpu"
PACKAGES = ("torch", "torchvision")
HEAD = "# Written by `make lock`: the wheels of PyTorch's own index, which has builds without CUDA.\n"


def pinned() -> dict[str, str]:
    """The versions in requirements.txt."""
    found = re.findall(r"^(\w+)==(\S+)$", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.M)
    return {name: version for name, version in found if name in PACKAGES}


def lines(name: str, version: str, page: str) -> list[str]:
    """A version's wheels on a page of the index, as lines of a lock; those for Linux end in +cpu, others do not."""
    wheels: dict[str, set[str]] = {}
    for file, sha256 in re.findall(r'href="[^"]*/([^"/]+\.whl)#sha256=([0-9a-f]{64})"', unescape(page)):
        stem = unquote(file).split("-")
        if stem[0] == name and stem[1].split("+")[0] == version:
            wheels.setdefault(stem[1], set()).add(sha256)
    if not wheels:
        raise LookupError(f"The index has no checksums of {name} {version}.")
    return [
        f"{name}=={each} ; sys_platform {'==' if '+' in each else '!='} 'linux' \\\n"
        + " \\\n".join(f"    --hash=sha256:{sha256}" for sha256 in sorted(wheels[each]))
        for each in sorted(wheels)
    ]


def fetched(url: str) -> str:
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 - the address stands above
        text: str = answer.read().decode()
    return text


def write(file: Path, fetch: Callable[[str], str] = fetched) -> str:
    """Write the file, or leave it; says what was done."""
    versions = pinned()
    try:
        found = [line for name in PACKAGES for line in lines(name, versions[name], fetch(f"{INDEX}/{name}/"))]
    except (URLError, TimeoutError, LookupError) as error:
        kept = file.exists() and all(f"{name}=={version}" in file.read_text() for name, version in versions.items())
        if not kept:
            file.unlink(missing_ok=True)
        return f"{file.name} was {'left as it is' if kept else 'not written'}: {error}"
    file.write_text(HEAD + "\n".join(found) + "\n", encoding="utf-8")
    return f"{file.name} was written."


if __name__ == "__main__":
    sys.stdout.write(write(Path(sys.argv[1])) + "\n")
