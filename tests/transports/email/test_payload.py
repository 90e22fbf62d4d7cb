"""An alert as a mail: what happened, figures, what to do; the same id each time, and no way to smuggle anything in."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.model.alert import Alert, Happening, LimitReached, SafetyCheck, Surged
from app.domain.rules.alerts import alert_id
from transports.email.payload import message

HOUR_MS = 1_790_000_000_000 - 1_790_000_000_000 % 3_600_000
SURGED = Surged(HOUR_MS, 612, 100.5, 5.0, 7)
SENDER = "Alerts <alerts@shop.example>"


def an_alert(happening: Happening = SURGED, name: str = "Cart reminder") -> Alert:
    return Alert(
        "Ab-_9", "cart-reminder", name, HOUR_MS + 60_000, happening, "crm@example.com", "Europe/Paris"
    )


def read(alert: Alert) -> EmailMessage:
    found = message_from_bytes(message(alert, "crm@example.com", SENDER).as_bytes(), policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_headers() -> None:
    mail = read(an_alert())
    assert (mail["From"], mail["To"]) == (SENDER, "crm@example.com")
    assert mail["Subject"] == "Cart reminder paused itself: far more people than usual qualified"
    assert mail["Message-ID"] == "<Ab-_9@shop.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime.timestamp() * 1000 == HOUR_MS + 60_000


def test_the_same_alert_is_the_same_mail_but_for_its_boundary() -> None:
    first, second = read(an_alert()), read(an_alert())
    assert dict(first.items()) | {"Content-Type": ""} == dict(second.items()) | {"Content-Type": ""}
    assert body(first, "plain") == body(second, "plain")


def test_text_comes_first_and_html_says_the_same() -> None:
    mail = read(an_alert())
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    for kind in ("plain", "html"):
        said = body(mail, kind)
        for each in ("612", "100.5", "mean of 7 days", "campaign resume cart-reminder", "(Europe/Paris)"):
            assert each in said


@pytest.mark.parametrize(
    ("happening", "said"),
    [
        (LimitReached(1000), ("1,000", "has ended", "campaign show cart-reminder")),
        (SafetyCheck(10_000, 1000), ("10,000", "1,000", "campaign resume cart-reminder")),
        (
            Surged(HOUR_MS, 120, 20.0, 5.0, 0),
            (
                "120",
                "20 (as the campaign says, times 5",
            ),
        ),
    ],
)
def test_every_happening_has_its_words(happening: Happening, said: tuple[str, ...]) -> None:
    text = body(read(an_alert(happening)), "plain")
    assert all(each in text for each in said)


def test_html_escapes_what_a_campaign_is_called() -> None:
    said = body(read(an_alert(name="<img src=x onerror=alert(1)> & co")), "html")
    assert "<img" not in said
    assert "&lt;img src=x onerror=alert(1)&gt; &amp; co" in said


@pytest.mark.parametrize("wrong", ["Cart\r\nBcc: all@example.com", "Cart\nX: y"])
def test_line_breaks_in_headers_are_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"line|header"):
        message(an_alert(name=wrong), "crm@example.com", SENDER)
    with pytest.raises(ValueError):  # noqa: PT011 - whichever part of it refuses
        message(an_alert(), f"crm@example.com{wrong[4:]}", SENDER)


@given(st.text(max_size=60).filter(lambda name: "\n" not in name and "\r" not in name))
def test_no_name_makes_another_header(name: str) -> None:
    """Given a campaign with any name on one line, then the mail has the headers that it should have, and no other."""
    try:
        mail = read(an_alert(name=name))
    except (ValueError, UnicodeEncodeError):
        return
    assert set(map(str.lower, mail.keys())) == {
        "from", "to", "subject", "date", "message-id", "auto-submitted", "mime-version", "content-type",
    }  # fmt: skip
    assert (mail["To"], len(list(mail.iter_parts()))) == ("crm@example.com", 2)


def test_alerts_are_told_apart_by_campaign_kind_and_what_they_are_of() -> None:
    ids = {alert_id(c, k, o) for c in ("a", "b") for k in ("surge", "limit") for o in ("1", "2")}
    assert len(ids) == 8
    assert all(len(each) == 24 for each in ids)
    assert alert_id("a", "surge", "1") == alert_id("a", "surge", "1")


def test_an_alert_is_a_frozen_value() -> None:
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(an_alert()), type=Alert) == an_alert()
