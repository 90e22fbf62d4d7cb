"""Countries and languages in files: a name that nobody knows would never match (SPEC section 9, Conditions)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from app.domain.files.problems import suggestion
from app.domain.files.section import Section, described
from app.domain.model.condition import Leaf, Operator
from app.domain.rules.countries import country_code, country_names, language_code, language_names

_KNOWN: Mapping[str, tuple[Callable[[str], str | None], Callable[[], Iterable[str]]]] = MappingProxyType(
    {"country": (country_code, country_names), "language": (language_code, language_names)}
)
_EQUALITY = {Operator.IS, Operator.IS_NOT, Operator.IN, Operator.NOT_IN}


def refuse_unknown_names(section: Section, tests: Iterable[Leaf]) -> None:
    """Note a problem for every country and language that is none."""
    for test in tests:
        if test.field in _KNOWN and test.operator in _EQUALITY:
            operands = test.operand if isinstance(test.operand, tuple) else (test.operand,)
            for operand in operands:
                _refuse_unknown(section, test, operand)


def _refuse_unknown(section: Section, test: Leaf, operand: object) -> None:
    code_of, names = _KNOWN[test.field]
    if isinstance(operand, str) and code_of(operand) is not None:
        return
    near = suggestion(str(operand).casefold(), names())
    if not near.startswith("did you mean"):
        near = f"an ISO code or a name in English, as in {_EXAMPLES[test.field]}"
    section.refuse(str(test.operator), f"{described(operand)} is no {test.field}", near)


_EXAMPLES = MappingProxyType({"country": "FR or France", "language": "fr or French"})
