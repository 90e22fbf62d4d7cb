"""`python -m app`: the commands."""

from __future__ import annotations

from app.settings import Settings, select_pure_python_faust

select_pure_python_faust()

from app.cli.root import main  # noqa: E402 - after the choice of Faust's path


def run_worker(settings: Settings) -> None:
    """Run the engine. It is imported here, not above: the other commands start without it."""
    from app.worker import run  # noqa: PLC0415

    run(settings)


if __name__ == "__main__":
    main(run_worker)
