"""Many tabs at once: people who draw at an even pace, and people who come, draw once and go."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field

from support.tabs import Stroke, Tab, TabFailed, Timings

ONE: Stroke = ((240, 96), (240.5, 200), (240, 300), (241, 384))
PREVIEWS = 2  # while a stroke is drawn
OPENING = 8  # pages at once: each costs a hundred times what an answer does


@dataclass
class Visits:
    """What happened to all tabs together."""

    timings: Timings = field(default_factory=Timings)
    failed: list[str] = field(default_factory=list)
    labelled: int = 0


async def draw_together(url: str, tabs: int, seconds: float, every: float) -> Visits:
    """So many tabs, each with a stroke `every` so many seconds, for so long; every second stroke ends a labelled digit.

    When all are open, they begin one after the other within one such time.
    """
    visits, door, all_open = Visits(), asyncio.Semaphore(OPENING), asyncio.Barrier(tabs)

    async def person(number: int) -> None:
        tab = Tab(url, visits.timings)
        try:
            async with door:
                await tab.open()
            await all_open.wait()
            await asyncio.sleep(every * number / tabs)
            begin = time.monotonic()
            for stroke in range(round(seconds / every)):
                await asyncio.sleep(max(0.0, begin + every * stroke - time.monotonic()))
                answer = await tab.draw(ONE, PREVIEWS)
                if len(tab.strokes) == 2:
                    await tab.say(answer["digit"] if answer["is_digit"] else 1)
                    visits.labelled += 1
        except TabFailed as error:
            visits.failed.append(str(error))
            await all_open.abort()  # else the others would wait for this one
        except asyncio.BrokenBarrierError:
            pass  # said by the one that failed
        finally:
            await tab.close()

    await asyncio.gather(*(person(number) for number in range(tabs)))
    return visits


async def come_and_go(url: str, people: int, at_once: int) -> Visits:
    """So many people, one after the other at each of `at_once` desks, who draw once and leave."""
    visits, left = Visits(), iter(range(people))

    async def desk() -> None:
        for _ in left:
            tab = Tab(url, visits.timings)
            try:
                await tab.open()
                await tab.draw(ONE)
                await asyncio.sleep(random.uniform(0, 0.2))
            except TabFailed as error:
                visits.failed.append(str(error))
            finally:
                await tab.close()

    await asyncio.gather(*(desk() for _ in range(at_once)))
    return visits
