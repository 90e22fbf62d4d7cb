"""`python -m app`: the commands."""

from __future__ import annotations

from app.settings import select_pure_python_faust

select_pure_python_faust()

from app.cli.root import main  # noqa: E402 - after the choice of Faust's path

if __name__ == "__main__":
    main()
