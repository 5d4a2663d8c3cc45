"""Files: sent by the bot, and fetched by it."""

from collections.abc import Callable
from typing import Any

from tests.fakes.telegram.errors import ApiError, bad_request
from tests.fakes.telegram.params import Params, Upload
from tests.fakes.telegram.records import StoredFile
from tests.fakes.telegram.sending import Sending, read_caption
from tests.fakes.telegram.world import World

MEGABYTE = 1 << 20
MAX_UPLOAD_BYTES = 50 * MEGABYTE
MAX_DOWNLOAD_BYTES = 20 * MEGABYTE
MAX_PHOTO_BYTES = 10 * MEGABYTE
_PHOTO_SIDE = 640


class Files:
    """The methods that move files."""

    def __init__(self, world: World, sending: Sending) -> None:
        self._world = world
        self._sending = sending

    def methods(self) -> dict[str, Callable[[Params], Any]]:
        return {
            "sendDocument": self.send_document,
            "sendPhoto": self.send_photo,
            "getFile": self.get_file,
        }

    def send_document(self, params: Params) -> dict[str, Any]:
        file = self._received(params, "document", "documents")
        return self._sending.post(params, read_caption(params), {"document": document_json(file)})

    def send_photo(self, params: Params) -> dict[str, Any]:
        upload = params.upload("photo")
        if upload and len(upload.content) > MAX_PHOTO_BYTES:
            raise bad_request(
                f"file of size {len(upload.content)} bytes is too big for a photo; "
                f"the maximum size is {MAX_PHOTO_BYTES} bytes"
            )
        file = self._received(params, "photo", "photos")
        return self._sending.post(params, read_caption(params), {"photo": photo_json(file)})

    def get_file(self, params: Params) -> dict[str, Any]:
        file = self._world.files.get(params.text("file_id"))
        if file is None:
            raise bad_request("invalid file_id" if params.text("file_id") else "file_id not specified")
        if file.size > MAX_DOWNLOAD_BYTES:
            raise bad_request("file is too big")
        return {**file.as_json(), "file_path": file.path}

    def at_path(self, path: str) -> StoredFile | None:
        """The file a download asks for."""
        return next((file for file in self._world.files.values() if file.path == path), None)

    def _received(self, params: Params, name: str, folder: str) -> StoredFile:
        upload = params.upload(name)
        if upload is None:
            known = self._world.files.get(params.text(name))
            if known is None:
                wrong = "Wrong file identifier/HTTP URL specified"
                raise bad_request(wrong if params.text(name) else f"There is no {name} in the request")
            return known
        _check_size(upload)
        return self._world.add_file(upload.content, upload.name, upload.mime, folder, None)


def _check_size(upload: Upload) -> None:
    if not upload.content:
        raise bad_request("file must be non-empty")
    if len(upload.content) > MAX_UPLOAD_BYTES:
        raise ApiError(413, "Request Entity Too Large")


def document_json(file: StoredFile) -> dict[str, Any]:
    return {**file.as_json(), "file_name": file.name, "mime_type": file.mime}


def photo_json(file: StoredFile) -> list[dict[str, Any]]:
    return [{**file.as_json(), "width": _PHOTO_SIDE, "height": _PHOTO_SIDE}]
