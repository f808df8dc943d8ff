"""Tabs with the Draw page open, without a browser: the HTTP calls and the websocket's messages that Chromium sends.

Each tab has a cookie and an address (127.x.y.z) of its own, so that the limits for one client see many.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from support.lean_http import Http, HttpFailed

Stroke = Sequence[tuple[float, float]]

PREVIEW_EVERY = 0.12  # seconds between the readings while the pen moves; this and the next three as in answer.js
SAID_AGAIN = (1.5, 3.0, 6.0, 6.0, 6.0)  # seconds until a label is sent once more
PREVIEW_PAUSE = 4  # times as long as the last of them took
PREVIEW_REFUSED = 3.0  # seconds without them after one was refused
WATCHED = 3.0  # seconds between the page's questions how the app is, as in indicator.js
SETTLED = 2.5  # seconds after pen-up until the page's script is told of a drawing that nothing is said of
PATIENCE = 60.0  # seconds until a person gives up
CHOSEN = {"model": "CNN", "brush": "Medium"}

_addresses = count(258)


class TabFailed(ConnectionError):
    """The app answered with an error, hung up, or said nothing for a long time."""


@dataclass
class Timings:
    """Seconds of each stroke from pen-up to the answer that is painted, of each label until the next, empty canvas, and
    of what the page's own script was told."""

    answers: list[float] = field(default_factory=list)
    labels: list[float] = field(default_factory=list)
    scripts: list[float] = field(default_factory=list)


class Tab:
    """A tab of a new visitor; open() comes first. Everything raises TabFailed. `timings` are shared between tabs."""

    def __init__(self, url: str, timings: Timings) -> None:
        number = next(_addresses)
        self.url, self.address = url, f"127.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        self.timings = timings
        self.data: dict[str, Any] = {}
        """What the page's script has told the answer's component last."""
        self.strokes: list[list[list[float]]] = []
        self._told = ""  # the drawing that the page's script knows of
        self._ended: dict[str, int] = {}  # those that were labelled, with their last revisions
        self._http = Http(url, self.address)
        self._widgets: dict[str, str] = {}
        self._page, self._trouble = "", ""
        self._preview_at = 0.0
        self._changed = asyncio.Condition()
        self._socket: ClientConnection | None = None
        self._listening: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._watching_http = Http(url, self.address)
        self._watched: dict[str, str] = {}
        self._settling: asyncio.Task[None] | None = None

    async def open(self) -> Tab:
        """Load the page, as a browser without our cookie does, and wait until it can be drawn on."""
        await self._fetch("GET", "/", {"accept": "text/html"})
        await self._fetch("GET", "/_stcore/health")
        await self._fetch("GET", "/_stcore/host-config")
        try:
            self._socket = await connect(
                f"ws://{urlsplit(self.url).netloc}/_stcore/stream",
                origin=self.url,  # type: ignore[arg-type]  # its own kind of str, as the next line's
                subprotocols=["streamlit", "PLACEHOLDER_AUTH_TOKEN"],  # type: ignore[list-item]
                additional_headers={"cookie": self._http.cookies},
                local_addr=(self.address, 0),
                compression=None,
                open_timeout=PATIENCE,
                ping_interval=None,
            )
        except (OSError, WebSocketException) as error:
            raise TabFailed(f"The websocket: {error!r}") from error
        self._listening = asyncio.create_task(self._listen())
        await self._run()
        await self._until(lambda: bool(self.data), "the page")
        self._watching = asyncio.create_task(self._watch())
        return self

    async def close(self) -> None:
        """Close the tab."""
        for task in filter(None, (self._listening, self._watching, self._settling)):
            task.cancel()
            with suppress(asyncio.CancelledError, TabFailed):
                await task
        if self._socket is not None:
            await self._socket.close()
        self._http.close()
        self._watching_http.close()

    # --- What a person does -------------------------------------------------------------------------------------------

    async def draw(self, stroke: Stroke, previews: int = 0) -> dict[str, Any]:
        """Draw a stroke, in the canvas's pixels, with some readings meanwhile; what the page paints when it ends."""
        self._pen_down()
        drawn = [list(point) for point in stroke]
        for part in range(previews):
            await asyncio.sleep(PREVIEW_EVERY)
            begin = time.perf_counter()
            if begin >= self._preview_at:
                read = await self._preview(drawn[: 2 + part * len(drawn) // previews])
                pause = PREVIEW_PAUSE * (time.perf_counter() - begin)
                self._preview_at = begin + pause if read else time.perf_counter() + PREVIEW_REFUSED
        self.strokes.append(drawn)
        begin = time.perf_counter()
        answer = await self._ask(self.strokes)
        self.timings.answers.append(time.perf_counter() - begin)
        self._settling = asyncio.create_task(self._settle(begin + SETTLED))
        return answer

    def _pen_down(self) -> None:
        if self._settling is not None:
            self._settling.cancel()

    async def _settle(self, when: float) -> None:
        await asyncio.sleep(max(0.0, when - time.perf_counter()))
        begin, count = time.perf_counter(), len(self.strokes)
        await self._run("answer", "drawn", {"id": self.data["id"], "strokes": self.strokes})
        await self._until(
            lambda: self._told == self.data["id"] and self.data["count"] == count, "the drawing among the recent ones"
        )
        self.timings.scripts.append(time.perf_counter() - begin)

    async def say(self, label: int) -> None:
        """Say what the drawing is, and wait for the next, empty canvas."""
        self._pen_down()
        begin = time.perf_counter()
        if next_drawing := await self._save(label):
            self._ended[self.data["id"]] = self.data["revision"]
            self.data = self.data | {"id": next_drawing, "count": 0}
            self.strokes = []
            self._settling = asyncio.create_task(self._settle(time.perf_counter() + SETTLED))
        else:
            await self._have_saved(label)
        self.timings.labels.append(time.perf_counter() - begin)

    async def _save(self, label: int) -> str:
        """Save a label as the page does by itself; the next drawing, or "" where the page's script has to save it."""
        known = {name: self.data[name] for name in ("id", "revision", "model")}
        body = json.dumps(known | {"strokes": len(self.strokes), "label": label})
        status, told = await self._ask_for(self.data["label"], body)
        return str(json.loads(told)["id"]) if status == 200 else ""

    async def _have_saved(self, label: int) -> None:
        drawing = self.data["id"]
        said = {"id": drawing, "count": len(self.strokes), "label": label, "strokes": self.strokes}
        for again in SAID_AGAIN:
            if self.data["id"] == drawing:
                await self._run("answer", "said", said)
            with suppress(TimeoutError):
                async with asyncio.timeout(again):
                    await self._until(lambda: self.data["id"] != drawing, "the next canvas")
                    break
        await self._until(lambda: self.data["id"] != drawing, "the next canvas")
        self.strokes = []

    # --- HTTP ---------------------------------------------------------------------------------------------------------

    async def _ask(self, strokes: list[list[list[float]]]) -> dict[str, Any]:
        """What the page paints when the pen has gone up."""
        status, told = await self._ask_for(self.data["url"], self._question(strokes, up=True))
        if status != 200:
            raise TabFailed(f"A reading: {status}: {told[:200]!r}")
        answer: dict[str, Any] = json.loads(told)["answer"]
        return answer

    async def _preview(self, stroke: list[list[float]]) -> bool:
        """Ask while the pen moves; whether it was read, since a busy app refuses."""
        status, told = await self._ask_for(self.data["url"], self._question([*self.strokes, stroke], up=False))
        if status not in (200, 503):
            raise TabFailed(f"A preview: {status}: {told[:200]!r}")
        return status == 200

    def _question(self, strokes: list[list[list[float]]], *, up: bool) -> str:
        known = {name: self.data[name] for name in ("id", "revision", "model", "side", "pen")}
        text = "/".join(" ".join(str(value) for point in stroke for value in point) for stroke in strokes)
        return json.dumps(known | {"up": up, "strokes": text})

    async def _ask_for(self, path: str, body: str) -> tuple[int, bytes]:
        """What the app answers to JSON from its page."""
        headers = {"content-type": "application/json", "origin": self.url, "sec-fetch-site": "same-origin"}
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._http.ask("POST", path, headers, body.encode())
        except (TimeoutError, HttpFailed) as error:
            raise TabFailed(f"POST {path}: {error!r}") from error

    async def _fetch(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: str = "", by: Http | None = None
    ) -> bytes:
        try:
            async with asyncio.timeout(PATIENCE):
                return await (by or self._http).fetch(method, path, headers or {}, body.encode())
        except (TimeoutError, HttpFailed) as error:
            raise TabFailed(f"{method} {path}: {error!r}") from error

    # --- The websocket ------------------------------------------------------------------------------------------------

    async def _run(self, component: str = "", event: str = "", told: Any = None) -> None:
        """Ask for a run of the page's script, which a component may tell something."""
        message = BackMsg()
        asked = message.rerun_script
        asked.widget_states.widgets.extend(self._states())
        if component:
            events = f"$$STREAMLIT_INTERNAL_KEY_{self._widgets[component]}__events"
            said = json.dumps([{"event": event, "value": told}])
            asked.widget_states.widgets.append(WidgetState(id=events, json_trigger_value=said))
        asked.page_script_hash = self._page
        asked.context_info.timezone, asked.context_info.locale, asked.context_info.url = "UTC", "en-US", self.url
        assert self._socket is not None, "open() comes first"
        try:
            await self._socket.send(message.SerializeToString())
        except WebSocketException as error:
            raise TabFailed(f"The websocket: {error!r}") from error

    def _states(self) -> list[WidgetState]:
        """What a browser sends of the page's widgets with every run."""
        states = []
        for name in CHOSEN.keys() & self._widgets.keys():
            state = WidgetState(id=self._widgets[name])
            state.string_array_value.data.append(CHOSEN[name])
            states.append(state)
        return states

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE), self._changed:
                await self._changed.wait_for(lambda: condition() or self._trouble)
        except TimeoutError as error:
            raise TabFailed(f"There was no sign of {what} for {PATIENCE:.0f} s.") from error
        if self._trouble:
            raise TabFailed(self._trouble)

    async def _watch(self) -> None:
        """Ask how the app is, and have the page's script run when that has changed."""
        while True:
            await asyncio.sleep(WATCHED)
            told = json.loads(await self._fetch("GET", self._watched["url"], by=self._watching_http))
            if told["condition"] != self._watched["condition"]:
                await self._run("watch", "changed", told["condition"])

    async def _listen(self) -> None:
        assert self._socket is not None
        try:
            async for frame in self._socket:
                message = ForwardMsg.FromString(bytes(frame))  # type: ignore[arg-type]  # never text
                kind = message.WhichOneof("type")
                if kind == "delta" and message.delta.HasField("new_element"):
                    self._see(message.delta.new_element)
                elif kind == "navigation":
                    self._page = message.navigation.page_script_hash
                elif kind == "script_finished":
                    async with self._changed:
                        self._changed.notify_all()
            self._trouble = "The app has closed the websocket."
        except WebSocketException as error:
            self._trouble = f"The websocket: {error!r}"
        async with self._changed:
            self._changed.notify_all()

    def _see(self, element: Any) -> None:
        """Remember the widgets' ids, and what the answer's component is told."""
        kind = element.WhichOneof("type")
        if kind == "exception":
            self._trouble = element.exception.message
        if kind not in ("button_group", "bidi_component"):
            return
        widget = getattr(element, kind).id
        name = widget.split("-", 2)[2]  # its key, after "$$ID-", a hash and a hyphen
        self._widgets[name] = widget
        if name == "answer":
            data = json.loads(element.bidi_component.json)
            if data["revision"] > self._ended.get(data["id"], -1):  # else overtaken on its way
                self.data, self._told = data, data["id"]
        elif name == "watch":
            self._watched = json.loads(element.bidi_component.json)
