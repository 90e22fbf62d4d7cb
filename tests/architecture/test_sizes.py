"""No file and no function grows past what a person reads at once; every module says what it is for."""

import ast
from collections.abc import Iterator
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
FOLDERS = ("app", "agents", "tables", "transports", "tests", "benchmarks", "examples", "scripts")
FILE_LINES = 350
FUNCTION_LINES = 50


def modules() -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((CHECKOUT / folder).rglob("*.py"))]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def name(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def test_no_file_is_too_long() -> None:
    lines = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert {path: count for path, count in lines.items() if count > FILE_LINES} == {}


def test_no_function_is_too_long() -> None:
    sizes = {f"{name(path)}:{function}": size for path in modules() for function, size in functions(path)}
    assert {where: size for where, size in sizes.items() if size > FUNCTION_LINES} == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        name(path) for path in modules() if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []
