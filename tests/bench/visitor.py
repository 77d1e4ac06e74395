"""A visitor of the dashboard without a browser: the web socket and the messages that Streamlit's own page uses.

    async with Visitor(address, cookie) as visitor:
        await visitor.open("/calls")             -> seconds until the page's script had finished and all was received
        await visitor.press("下一页")             a button, by its label
        await visitor.fill("搜索", "医保")        a text field, by its label
        await visitor.stay(5)                    read for so long; parts that draw themselves anew do so

Everything between the server and the browser is real; what a browser adds (drawing) is not measured here.
"""

import asyncio
import time
from typing import Any
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

LIMIT_S = 60.0


class PageError(Exception):
    """The page told of a failure."""


class Visitor:
    """One open tab. received_bytes: of all messages. labels: widgets of the page by label."""

    def __init__(self, address: str, cookie: str = "") -> None:
        parts = urlsplit(address)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._url = f"ws://{parts.netloc}/_stcore/stream"
        self._headers = {"Cookie": cookie} if cookie else {}
        self._socket: ClientConnection | None = None
        self._page_hash, self._query = "", ""
        self._states: dict[str, WidgetState] = {}
        self.labels: dict[str, tuple[str, str]] = {}
        self._every_s: dict[str, float] = {}  # fragments that draw themselves anew
        self.received_bytes = 0

    async def __aenter__(self) -> "Visitor":
        self._socket = await connect(
            self._url,
            origin=self._origin,  # type: ignore[arg-type]
            subprotocols=["streamlit"],  # type: ignore[list-item]
            additional_headers=self._headers,
            max_size=None,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._socket:
            await self._socket.close()

    async def open(self, address: str) -> float:
        """Go to a page (path and query) as a fresh tab does."""
        path, _, self._query = address.partition("?")
        self._page_hash, self._states, self.labels, self._every_s = "", {}, {}, {}
        return await self._run(page_name=path.strip("/"))

    async def press(self, label: str) -> float:
        kind, key = self._widget(label, "button")
        assert kind == "button"
        return await self._run(WidgetState(id=key, trigger_value=True))

    async def fill(self, label: str, text: str) -> float:
        _, key = self._widget(label, "text_input")
        self._states[key] = WidgetState(id=key, string_value=text)
        return await self._run()

    async def stay(self, seconds: float) -> None:
        """Do nothing for so long. Fragments that the page wants drawn anew every few seconds are, as a browser does."""
        ends_s = time.monotonic() + seconds
        due_s = {fragment: time.monotonic() + every_s for fragment, every_s in self._every_s.items()}
        while due_s and min(due_s.values()) < ends_s:
            fragment = min(due_s, key=lambda name: due_s[name])
            await asyncio.sleep(max(0.0, due_s[fragment] - time.monotonic()))
            await self._run(fragment=fragment)
            due_s[fragment] = time.monotonic() + self._every_s[fragment]
        await asyncio.sleep(max(0.0, ends_s - time.monotonic()))

    def has(self, label: str) -> bool:
        return label in self.labels

    def _widget(self, label: str, kind: str) -> tuple[str, str]:
        found = self.labels.get(label)
        if found is None or found[0] != kind:
            raise PageError(f"there is no {kind} {label!r}; there is {sorted(self.labels)}")
        return found

    async def _run(self, pressed: WidgetState | None = None, page_name: str = "", fragment: str = "") -> float:
        assert self._socket
        state = ClientState(query_string=self._query, page_script_hash=self._page_hash, page_name=page_name)
        if fragment:
            state.fragment_id, state.is_auto_rerun = fragment, True
        state.widget_states.widgets.extend([*self._states.values(), *([pressed] if pressed else [])])
        state.context_info.timezone = "Asia/Shanghai"
        state.context_info.locale = "zh-CN"
        state.context_info.url = self._origin
        state.context_info.color_scheme = "light"
        before_s = time.perf_counter()
        await self._socket.send(BackMsg(rerun_script=state).SerializeToString())
        async with asyncio.timeout(LIMIT_S):
            while not await self._one():
                pass
        return time.perf_counter() - before_s

    async def _one(self) -> bool:
        """Take one message; True when the script has finished and will not run again by itself."""
        assert self._socket
        data = await self._socket.recv()
        assert isinstance(data, bytes)
        self.received_bytes += len(data)
        message = ForwardMsg.FromString(data)
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._page_hash = message.new_session.page_script_hash
        elif kind == "navigation":
            self._page_hash = message.navigation.page_script_hash or self._page_hash
        elif kind == "auto_rerun":
            self._every_s[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._note(message.delta.new_element)
        return kind == "script_finished" and message.script_finished in _DONE

    def _note(self, element: Any) -> None:
        kind = element.WhichOneof("type")
        if kind == "exception":
            raise PageError(f"{element.exception.type}: {element.exception.message}")
        if kind in ("button", "text_input"):
            widget = getattr(element, kind)
            self.labels[widget.label] = (kind, widget.id)


_DONE = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
