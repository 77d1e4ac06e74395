"""`/audio/{token}`: the only way to a recording's sound. Signed, expiring, with byte ranges; each play is logged."""

import time
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from dashboards.auth import user_of
from dashboards.data import Data, StoredRecording
from dashboards.links import AudioLink, LinkError, read_audio_token, signing_key
from dashboards.media import Playable, playable
from dashboards.playlists import may_hear_clip
from pipeline.config.settings import Settings
from pipeline.errors import AudioError, StoreError
from pipeline.store.users import PermissionDeniedError, User

# One listening makes many range requests: those of one address within this time are one play in the audit log.
ONE_PLAY_S = 30.0
_HEADERS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff", "Content-Disposition": "inline"}


@dataclass(slots=True)
class AudioServer:
    """Answers audio requests for one data folder."""

    data: Data
    key: bytes
    settings: Settings
    last_request_s: dict[str, float] = field(default_factory=dict)

    async def serve(self, request: Request) -> Response:
        """The file (200, 206), 403 for a bad, expired or foreign address, 404 for a lost file, 503 without store."""
        token = request.path_params["token"]
        address = request.client.host if request.client else None
        try:
            user = await run_in_threadpool(user_of, self.settings, request.headers, address)
            if user is None:
                raise LinkError("sign in first")
            found = await run_in_threadpool(self._find, token, user)
        except (LinkError, PermissionDeniedError) as error:
            return PlainTextResponse(str(error), 403, _HEADERS)
        except AudioError as error:
            return PlainTextResponse(str(error), 404, _HEADERS)
        except StoreError as error:
            return PlainTextResponse(str(error), 503, _HEADERS)
        return FileResponse(found.path, media_type=found.media_type, headers=_HEADERS)

    def _find(self, token: str, user: User) -> Playable:
        link = read_audio_token(self.key, token, time.time(), user.name)
        call = self._recording(link, user)
        if call is None:
            raise AudioError("this recording is in no published call any more; reload the page")
        found = playable(call, self.settings.home, self.settings.audio, link.clip_s)
        self._log_play(token, call.call_id, user)
        return found

    def _recording(self, link: AudioLink, user: User) -> StoredRecording | None:
        """The recording; a clip of somebody else's call only while it is on a playlist for agents."""
        data = self.data.seen_by(user)
        try:
            return data.recording(link.sha256)
        except PermissionDeniedError:
            if link.clip_s is None:
                raise
            found = self.data.recording(link.sha256)
            if found is not None:
                may_hear_clip(data, found.call_id, *link.clip_s)
            return found

    def _log_play(self, token: str, call_id: str, user: User) -> None:
        now = time.monotonic()
        recent = {t: s for t, s in self.last_request_s.items() if now - s < ONE_PLAY_S}
        if token not in recent:
            self.data.seen_by(user).log_play(call_id)
        self.last_request_s = {**recent, token: now}


def audio_route(settings: Settings, data: Data) -> Route:
    """The route to add to the application. Raises StoreError when the signing key cannot be had."""
    server = AudioServer(data, signing_key(settings.home), settings)
    return Route("/audio/{token}", server.serve, methods=["GET", "HEAD"])
