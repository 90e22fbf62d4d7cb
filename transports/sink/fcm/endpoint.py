"""FCM's two endpoints: `POST /v1/projects/{project}/messages:send` and `POST /token`."""

from __future__ import annotations

import re
import secrets
from typing import Any

import msgspec
from aiohttp import web

from transports.sink.answering import Desk, Verdict, json_response
from transports.sink.fcm import errors, schema
from transports.sink.fcm.account import CLIENT_EMAIL, Account
from transports.sink.fcm.errors import Violation

SERVICE = "fcm"
TOKEN_SERVICE = "fcm-token"  # noqa: S105 - a name
LIMIT_BYTES = 4096
TOPIC_LIMIT_BYTES = 2048
_PROJECT = re.compile(r"[a-z0-9][a-z0-9.:-]{0,62}", re.ASCII)
_NOT_FOUND = (
    b"<!DOCTYPE html><title>Error 404 (Not Found)</title><p>That address was not found on this server.\n"
)
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class FcmEndpoint:
    """The service. The account may send for every project whose name is well formed."""

    def __init__(self, account: Account, desk: Desk) -> None:
        self._account = account
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        """Where the service answers."""
        return [web.post("/v1/projects/{project}/messages:send", self.send), web.post("/token", self.token)]

    async def token(self, request: web.Request) -> web.StreamResponse:
        """Trade an assertion for an access token. Not noted among what arrived."""
        status, body = self._account.exchange(await request.read())
        action = self._desk.script.next(TOKEN_SERVICE, CLIENT_EMAIL)
        if action is None:
            return json_response(status, body)
        return await self._desk.act(request, action, Verdict(CLIENT_EMAIL, "", status, body), token_error)

    async def send(self, request: web.Request) -> web.StreamResponse:
        """Take one message."""
        body = await request.read()
        project = request.match_info["project"]
        if not _PROJECT.fullmatch(project):
            return web.Response(status=404, body=_NOT_FOUND, content_type="text/html")
        verdict = judge(body, project, self._account.admits(request.headers.get("Authorization")))
        return await self._desk.answer(request, SERVICE, verdict, body, errors.by_status)


def token_error(status: int) -> bytes:
    """The usual body of the token endpoint's scripted failures."""
    return _encode({"error": "invalid_grant" if status == 400 else "internal_failure"})  # noqa: PLR2004 - HTTP's


def judge(body: bytes, project: str, admitted: bool) -> Verdict:
    """Judge a request as FCM would. Token and message id are told of a refused one too, where it has them."""
    try:
        request = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        request = None
    token, message_id = _names(request)
    if not admitted:
        return Verdict(token, message_id, 401, errors.unauthenticated())
    if request is None:
        unreadable = Violation("", "Invalid JSON payload received. Unexpected token.")
        return Verdict(token, message_id, 400, errors.bad_request([unreadable]))
    problems = schema.violations(request)
    if problems:
        return Verdict(token, message_id, 400, errors.bad_request(problems))
    limit_bytes = LIMIT_BYTES if _is_device(request["message"]) else TOPIC_LIMIT_BYTES
    if len(body) > limit_bytes and len(_encode(request["message"])) > limit_bytes:
        return Verdict(token, message_id, 400, errors.too_big(limit_bytes))
    return Verdict(token, message_id, 200, _encode({"name": f"projects/{project}/messages/{_name(request)}"}))


def _names(request: Any) -> tuple[str, str]:
    """The target, and Carillon's id of the message; empty where there is none."""
    message = request.get("message") if isinstance(request, dict) else None
    if not isinstance(message, dict):
        return "", ""
    target = next((message[name] for name in schema.TARGETS if isinstance(message.get(name), str)), "")
    data = message.get("data")
    message_id = data.get("carillon_message") if isinstance(data, dict) else None
    return target, message_id if isinstance(message_id, str) else ""


def _is_device(message: dict[str, Any]) -> bool:
    return bool(message.get("token") or message.get("fid"))


def _name(request: dict[str, Any]) -> str:
    validate_only = request.get("validate_only") or request.get("validateOnly")
    return "fake_message_id" if validate_only else secrets.token_hex(12)
