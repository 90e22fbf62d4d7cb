"""The Faust app: worker, consumer group and web server of one engine process. Nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import faust

from app.settings import Settings

SESSION_S = 10.0
HEARTBEAT_S = 0.5  # so soon all hear of a rebalance; until then everybody's partitions stand still
REQUEST_S = 30.0
REBALANCE_S = 25.0  # longer than the longest closing; a join is answered before its request gives up


class Engine(faust.App):
    """A Faust app that starts our own services before its consumer and stops them before it leaves the group."""

    hosts: dict[str, Any]
    fetch: Any
    give_up: Callable[[BaseException], None]
    before_start: Callable[[], Awaitable[None]] | None = None
    before_stop: Callable[[], Awaitable[None]] | None = None

    def host_of(self, topic: str) -> Any:
        """Whose mailbox a topic is; None where it is nobody's."""
        return self.hosts.get(topic)

    async def on_start(self) -> None:
        """Ours first: what agents need is there when the first poll arrives."""
        if self.before_start is not None:
            await self.before_start()
        await super().on_start()

    async def on_stop(self) -> None:
        """Ours first: turns end and are journaled while the group still knows us."""
        if self.before_stop is not None:
            await self.before_stop()
        await super().on_stop()


def make_engine(settings: Settings) -> Engine:
    """The engine of one worker process; performs nothing yet (reference: Faust settings that we depart from)."""
    engine = Engine(
        settings.app,
        broker=f"kafka://{settings.kafka.replace(',', ';kafka://')}",
        datadir=str(settings.data / "faust"),
        topic_partitions=settings.partitions,
        topic_disable_leader=True,
        topic_allow_declare=False,
        consumer_auto_offset_reset="earliest",
        broker_max_poll_records=2000,
        broker_session_timeout=SESSION_S,
        broker_rebalance_timeout=REBALANCE_S,
        broker_heartbeat_interval=HEARTBEAT_S,
        broker_request_timeout=REQUEST_S,
        producer_request_timeout=REQUEST_S,
        broker_commit_interval=3600.0,
        stream_wait_empty=False,
        stream_buffer_maxsize=64,
        table_standby_replicas=1,
        web_bind=settings.web.host,
        web_host=settings.web.host,
        web_port=settings.web.port,
        canonical_url=f"http://{settings.web.host}:{settings.web.port}",
        web_in_thread=False,
        web_router_enabled=False,
        web_tables_enabled=False,
        web_graph_enabled=False,
        web_stats_enabled=False,
        web_metrics_enabled=False,
        worker_redirect_stdouts=False,
    )
    engine.hosts = {}
    return engine
