"""Malformed bodies for a running app's API, and what came of them."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from dataclasses import dataclass, field

from support.lean_http import Http, HttpFailed
from support.mutations import body

DOCUMENTED = {200, 400, 403, 404, 413, 422, 429, 503}
_addresses = itertools.count(2)


@dataclass
class Fuzzed:
    """How often each status code came, what must not have come, and the seconds and the number of each body."""

    codes: Counter[int] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    times: list[tuple[float, int]] = field(default_factory=list)

    @property
    def slowest(self) -> tuple[float, int]:
        """The longest that an answer took, in seconds, and the number of the body."""
        return max(self.times, default=(0.0, 0))


async def send_malformed(url: str, first: int, count: int, at_once: int = 2) -> Fuzzed:
    """Send so many bodies, the first of that number."""
    found, numbers = Fuzzed(), iter(range(first, first + count))

    async def sender() -> None:
        http = Http(url, f"127.1.0.{next(_addresses) % 250 + 2}")
        await http.fetch("GET", "/", {"accept": "text/html"})  # a visitor's cookie
        for number in numbers:
            path, kind, content = body(number)
            begin = time.perf_counter()
            try:
                async with asyncio.timeout(30):
                    code, answer = await http.ask("POST", path, {"content-type": kind}, content)
            except (HttpFailed, TimeoutError) as error:
                found.findings.append(f"{number}: {path} {error!r}")
                http.close()
                continue
            found.times.append((time.perf_counter() - begin, number))
            found.codes[code] += 1
            if code not in DOCUMENTED:
                found.findings.append(f"{number}: {path} {code} {answer[:200]!r}")
        http.close()

    await asyncio.gather(*(sender() for _ in range(at_once)))
    return found
