"""Samples of what the surge breaker counts, and of alerts and their mails."""

from __future__ import annotations

from typing import Any

from app.domain.model import alert, surge
from app.domain.model.campaign import Campaign, Content, When
from tables import mails

AT_MS = 1_790_000_000_000
HOUR_MS = AT_MS - AT_MS % 3_600_000
SURGED = alert.Alert(
    "a-1", "c-1", "Name", AT_MS, alert.Surged(HOUR_MS, 612, 100.5, 5.0, 7), "crm@example.com", "Europe/Paris"
)
LIMITED = alert.Alert("a-2", "c-1", "Name", AT_MS, alert.LimitReached(1000))
CHECKED = alert.Alert("a-3", "c-1", "Name", AT_MS, alert.SafetyCheck(10_000, 1000))
NOTE = alert.AlertNote(SURGED, alert.Posting.WAITING, AT_MS + 1, 2, "SMTP 451")
QUALIFIED = surge.Qualified("c-1", {HOUR_MS: 3, HOUR_MS - 3_600_000: 1})
CAMPAIGN = Campaign("c-1", "Name", When("cart"), Content("T", "B"), surge=surge.SurgeRule(3.5, 50, 200))
TABLE_VALUES: dict[str, Any] = {
    "surge_hours": surge.Hour(HOUR_MS, 612, 40, AT_MS, AT_MS + 1, 2, AT_MS + 1000),
    "surge_pasts": surge.Past(HOUR_MS - 86_400_000, {HOUR_MS - 86_400_000: 90, HOUR_MS - 3_600_000: 95}),
    "mails": mails.Posted(mails.Stage.HANDED, 2, AT_MS + 5, AT_MS, SURGED),
}
