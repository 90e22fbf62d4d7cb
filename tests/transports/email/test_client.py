"""The conversation with a real mail server on the loopback: TLS, log-in, refusals, lost answers, one connection."""

from __future__ import annotations

import json
import logging
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from app.domain.model.receipt import Accepted, Receipt, Rejected, Retry, Unknown
from tests.transports.email.server import LOOPBACK, Certificates, Post, certificates, serving
from tests.transports.email.test_payload import SENDER, an_alert
from transports.base import CredentialsError
from transports.email.client import EmailTransport

OWNER = "crm@example.com"


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("certificates"))


async def go() -> bool:
    return True


class Asked:
    """Counts how often the content was about to leave."""

    def __init__(self, *, go: bool = True) -> None:
        self.times = 0
        self._go = go

    async def __call__(self) -> bool:
        self.times += 1
        return self._go


async def opened(url: str, **more: object) -> EmailTransport:
    transport = EmailTransport(url, SENDER, **more)  # type: ignore[arg-type]
    await transport.open()
    return transport


async def sent(url: str, asked: Asked | None = None, **more: object) -> Receipt | None:
    transport = await opened(url, **more)
    try:
        return await transport.send(an_alert(), OWNER, asked or go)
    finally:
        await transport.close()


async def test_one_mail_arrives_whole() -> None:
    post = Post()
    async with serving(post) as port:
        assert isinstance(await sent(f"smtp://{LOOPBACK}:{port}"), Accepted)
    assert post.envelopes == [("alerts@shop.example", [OWNER])]
    mail = message_from_bytes(post.mails[0], policy=policy.default)
    assert mail["Message-ID"] == "<Ab-_9@shop.example>"


async def test_several_mails_share_a_connection() -> None:
    post = Post()
    async with serving(post) as port:
        transport = await opened(f"smtp://{LOOPBACK}:{port}")
        for _ in range(5):
            assert isinstance(await transport.send(an_alert(), OWNER, go), Accepted)
        await transport.close()
    assert (len(post.mails), post.connections, transport.connections) == (5, 1, 1)


@pytest.mark.parametrize("is_implicit", [True, False], ids=["smtps", "starttls"])
async def test_credentials_go_over_tls(certified: Certificates, tmp_path: Path, is_implicit: bool) -> None:
    (tmp_path / "mail.json").write_text(json.dumps({"user": "who", "password": "hush"}))
    post, scheme = Post(), "smtps" if is_implicit else "smtp"
    async with serving(post, certified.server, is_implicit=is_implicit, wants_login=not is_implicit) as port:
        url = f"{scheme}://{LOOPBACK}:{port}"
        if is_implicit:
            assert isinstance(await sent(url, ca=certified.ca), Accepted)
        else:
            credentials = tmp_path / "mail.json"
            found = await sent(url, ca=certified.ca, credentials_path=credentials)
            assert isinstance(found, Accepted)
            assert post.logins == [(b"who", b"hush", True)]
    assert len(post.mails) == 1


async def test_without_tls_no_credentials_leave(tmp_path: Path) -> None:
    (tmp_path / "mail.json").write_text(json.dumps({"user": "who", "password": "hush"}))
    post = Post()
    async with serving(post) as port:
        found = await sent(f"smtp://{LOOPBACK}:{port}", credentials_path=tmp_path / "mail.json")
    assert isinstance(found, Retry)
    assert "STARTTLS" in found.detail
    assert (post.logins, post.mails) == ([], [])


async def test_refused_credentials_are_told_without_them(
    certified: Certificates, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    (tmp_path / "mail.json").write_text(json.dumps({"user": "who", "password": "wrong-secret"}))
    post = Post()
    async with serving(post, certified.server, wants_login=True) as port:
        found = await sent(
            f"smtp://{LOOPBACK}:{port}", ca=certified.ca, credentials_path=tmp_path / "mail.json"
        )
    assert isinstance(found, Retry)
    assert found.detail.startswith("config")
    assert post.logins[0][1] == b"wrong-secret"
    ours = [each.getMessage() for each in caplog.records if not each.name.startswith("mail.")]
    assert "wrong-secret" not in found.detail + "".join(ours)


async def test_a_server_of_an_unknown_authority_is_not_spoken_to(certified: Certificates) -> None:
    post = Post()
    async with serving(post, certified.server, is_implicit=True) as port:
        assert isinstance(await sent(f"smtps://{LOOPBACK}:{port}"), Retry)
    async with serving(post, certified.server) as port:
        assert isinstance(await sent(f"smtp://{LOOPBACK}:{port}"), Retry)
    assert post.mails == []


@pytest.mark.parametrize(
    ("command", "answer"),
    [("EHLO", "hang up"), *((c, a) for c in ("MAIL", "RCPT") for a in ("450 later", "hang up"))],
)
async def test_whatever_fails_before_the_content_is_tried_again(command: str, answer: str) -> None:
    post, asked = Post(), Asked()
    post.script = {command: [answer]}
    async with serving(post) as port:
        assert isinstance(await sent(f"smtp://{LOOPBACK}:{port}", asked), Retry)
    assert (asked.times, post.mails) == (0, [])


async def test_a_refused_recipient_is_final() -> None:
    post, asked = Post(), Asked()
    post.script = {"RCPT": ["550 no such user"]}
    async with serving(post) as port:
        found = await sent(f"smtp://{LOOPBACK}:{port}", asked)
    assert isinstance(found, Rejected)
    assert "no such user" in found.detail
    assert asked.times == 0


@pytest.mark.parametrize(
    ("answer", "kind"),
    [("554 spam", Rejected), ("451 greylisted", Retry), ("hang up", Unknown), ("silence", Unknown)],
)
async def test_answers_after_the_final_dot(answer: str, kind: type) -> None:
    """Given the content has left, then only an answer says what became of it; without one nobody knows."""
    post, asked = Post(), Asked()
    post.script = {"DATA": [answer]}
    async with serving(post) as port:
        assert isinstance(await sent(f"smtp://{LOOPBACK}:{port}", asked, deadline_s=1.0), kind)
    assert asked.times == 1
    assert len(post.mails) == (kind is Unknown)


@pytest.mark.parametrize("answer", ["421 idle for too long", "hang up"])
async def test_a_connection_that_has_grown_stale_is_replaced_at_once(answer: str) -> None:
    """Given a connection that has served a mail, when the server ends it, then the next goes over another."""
    post = Post()
    async with serving(post) as port:
        transport = await opened(f"smtp://{LOOPBACK}:{port}")
        assert isinstance(await transport.send(an_alert(), OWNER, go), Accepted)
        post.script = {"MAIL": [answer]}
        assert isinstance(await transport.send(an_alert(), OWNER, go), Accepted)
        post.script = {"MAIL": [answer, answer]}
        assert isinstance(await transport.send(an_alert(), OWNER, go), Retry)
        assert isinstance(await transport.send(an_alert(), OWNER, go), Accepted)
        await transport.close()
    assert len(post.mails) == 3
    assert post.connections == 4


async def test_a_mail_that_is_called_off_leaves_nothing_behind() -> None:
    post = Post()
    async with serving(post) as port:
        transport = await opened(f"smtp://{LOOPBACK}:{port}")
        assert await transport.send(an_alert(), OWNER, Asked(go=False)) is None
        assert post.mails == []
        assert isinstance(await transport.send(an_alert(), OWNER, go), Accepted)
        await transport.close()
    assert len(post.mails) == 1


async def test_nobody_listens() -> None:
    async with serving(Post()) as port:
        pass
    assert isinstance(await sent(f"smtp://{LOOPBACK}:{port}"), Retry)


async def test_addresses_beyond_ascii_need_a_server_that_takes_them() -> None:
    post = Post()
    async with serving(post) as port:
        transport = await opened(f"smtp://{LOOPBACK}:{port}")
        assert isinstance(await transport.send(an_alert(), "jürgen@example.com", go), Accepted)
        await transport.close()
    assert post.envelopes[0][1] == ["jürgen@example.com"]


@pytest.mark.parametrize("content", ["{}", "hush", '{"user": "a"}', '{"user": 1, "password": "hush"}'])
async def test_a_login_file_that_is_none_is_named_without_its_content(tmp_path: Path, content: str) -> None:
    file = tmp_path / "mail.json"
    file.write_text(content)
    with pytest.raises(CredentialsError) as refused:
        await opened("smtp://mail.example", credentials_path=file)
    assert str(file) in str(refused.value)
    assert "hush" not in str(refused.value)
