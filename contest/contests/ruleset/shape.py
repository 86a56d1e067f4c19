"""Whether a document has the fields, and the kinds of values, that a rule set has.

pydantic finds the faults; this module puts each into one of our own sentences. Each top-level part
is read for itself, so that a fault in one does not hide what is wrong in the others.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from contest.contests.ruleset.kinds import Part
from contest.contests.ruleset.model import RuleSet
from contest.contests.ruleset.problems import Problem, join, nearest, quote
from contest.core.errors import N_

MISSING = N_("This field is missing.")
UNKNOWN_FIELD = N_("There is no field “%(name)s” here.")
UNKNOWN_FIELD_NEAR = N_("There is no field “%(name)s” here. Did you mean “%(near)s”?")
NOT_AN_OBJECT = N_("This must be an object with fields: {…}.")
NOT_A_LIST = N_("This must be a list: […].")
NOT_A_TEXT = N_("This must be a text.")
NOT_WHOLE = N_("This must be a whole number.")
NOT_A_FLAG = N_("This must be true or false.")
NOT_KNOWN = N_("“%(value)s” is not known here. Known: %(known)s.")
NOT_KNOWN_NEAR = N_("“%(value)s” is not known here. Did you mean “%(near)s”?")
AT_LEAST = N_("This must be at least %(limit)s.")
AT_MOST = N_("This must be at most %(limit)s.")
EMPTY_TEXT = N_("This text must not be empty.")
LONG_TEXT = N_("This text is longer than %(limit)s characters.")
FEW_ITEMS = N_("This list needs at least %(limit)s items.")
MANY_ITEMS = N_("This list has more than %(limit)s items.")
NOT_A_CODE = N_("“%(value)s” must be written with small letters a–z, digits and underscores.")
NOT_AN_IDENT = N_("“%(value)s” must be written with letters a–z, digits, hyphens and underscores.")
NOT_A_SLUG = N_("“%(value)s” must be written with small letters a–z and digits, joined by single hyphens.")
NOT_A_PREFIX = N_("“%(value)s” must be written with capital letters A–Z and digits.")
STATE_PAPER = N_("“%(value)s” is a State form: the contest may propose it but never gives it.")
UNUSABLE = N_("This value cannot be used here.")

_PATTERNS = {
    r"\S": EMPTY_TEXT,
    r"^[a-z][a-z0-9_]*$": NOT_A_CODE,
    r"^[A-Za-z0-9][A-Za-z0-9_-]*$": NOT_AN_IDENT,
    r"^[a-z0-9]+(-[a-z0-9]+)*$": NOT_A_SLUG,
    r"^[A-Z][A-Z0-9]*$": NOT_A_PREFIX,
}
_KINDS = {
    "missing": MISSING,
    "model_type": NOT_AN_OBJECT,
    "model_attributes_type": NOT_AN_OBJECT,
    "dict_type": NOT_AN_OBJECT,
    "mapping_type": NOT_AN_OBJECT,
    "tuple_type": NOT_A_LIST,
    "list_type": NOT_A_LIST,
    "string_type": NOT_A_TEXT,
    "int_type": NOT_WHOLE,
    "int_from_float": NOT_WHOLE,
    "bool_type": NOT_A_FLAG,
}
_LIMITS = {
    "greater_than_equal": (AT_LEAST, "ge"),
    "less_than_equal": (AT_MOST, "le"),
    "string_too_long": (LONG_TEXT, "max_length"),
    "too_short": (FEW_ITEMS, "min_length"),
    "too_long": (MANY_ITEMS, "max_length"),
}
_STATE_PAPERS = frozenset({"giay_khen", "bang_khen", "huan_chuong", "ky_niem_chuong", "danh_hieu"})
_QUOTED = re.compile(r"'([^']*)'")


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    field = RuleSet.model_fields[name]
    kind: Any = field.annotation
    for constraint in field.metadata:
        kind = Annotated[kind, constraint]
    return TypeAdapter(kind)


def read_parts(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """The top-level parts of `document` that have the right shape, and the problems of the others."""
    parts: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, field in RuleSet.model_fields.items():
        if name not in document:
            if field.is_required():
                problems.append(Problem(name, MISSING))
            else:
                parts[name] = field.get_default()
            continue
        try:
            parts[name] = _adapter(name).validate_python(document[name])
        except ValidationError as error:
            problems.extend(_in_words(name, error.errors(include_url=False)))
    known = list(RuleSet.model_fields)
    problems.extend(_unknown_field(name, name, known) for name in document if name not in known)
    return parts, problems


def _in_words(name: str, errors: Iterable[ErrorDetails]) -> list[Problem]:
    found = []
    for error in errors:
        location = [part for part in error["loc"] if part != "[key]"]
        found.append(_problem(join(name, *location), name, location, error))
    return found


def _problem(path: str, name: str, location: Sequence[str | int], error: ErrorDetails) -> Problem:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "rule_set":
        return Problem(path, error["msg"], dict(context))
    if kind == "extra_forbidden":
        owner = _model_at(RuleSet.model_fields[name].annotation, location[:-1])
        names = [each.alias or key for key, each in owner.model_fields.items()] if owner else []
        return _unknown_field(path, str(location[-1]), names)
    if kind == "literal_error":
        return _not_known(path, error["input"], _QUOTED.findall(context["expected"]))
    if kind == "string_pattern_mismatch":
        return Problem(path, _PATTERNS[context["pattern"]], {"value": quote(error["input"])})
    if kind == "string_too_short":
        return Problem(path, EMPTY_TEXT)
    if kind in _LIMITS:
        message, limit = _LIMITS[kind]
        return Problem(path, message, {"limit": context[limit]})
    return Problem(path, _KINDS.get(kind, UNUSABLE))


def _unknown_field(path: str, name: str, known: Sequence[str]) -> Problem:
    near = nearest(name, known)
    path = path if path != name else join("", name)
    if near is None:
        return Problem(path, UNKNOWN_FIELD, {"name": quote(name)})
    return Problem(path, UNKNOWN_FIELD_NEAR, {"name": quote(name), "near": near})


def _not_known(path: str, value: object, known: Sequence[str]) -> Problem:
    if not isinstance(value, str):
        return Problem(path, NOT_A_TEXT)
    if value in _STATE_PAPERS and "giay_chung_nhan" in known:
        return Problem(path, STATE_PAPER, {"value": value})
    return unknown_code(path, value, known)


def unknown_code(path: str, value: str, known: Sequence[str]) -> Problem:
    """`value` is none of the `known` codes: the nearest is suggested, else all are listed."""
    near = nearest(value, known)
    if near is not None and len(known) > 3:
        return Problem(path, NOT_KNOWN_NEAR, {"value": quote(value), "near": near})
    return Problem(path, NOT_KNOWN, {"value": quote(value), "known": ", ".join(known) or "–"})


def _model_at(annotation: Any, location: Sequence[str | int]) -> type[BaseModel] | None:
    """The class of the object at `location` within a value of type `annotation`."""
    here = _bare(annotation)
    for part in location:
        if isinstance(part, int):
            arguments = get_args(here)
            here = _bare(arguments[0]) if arguments else None
        elif isinstance(here, type) and issubclass(here, Part):
            fields = {each.alias or key: each for key, each in here.model_fields.items()}
            here = _bare(fields[part].annotation) if part in fields else None
        else:
            return None
    return here if isinstance(here, type) and issubclass(here, Part) else None


def _bare(annotation: Any) -> Any:
    """The type under Annotated[...] and `| None`."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        others = [each for each in get_args(annotation) if each is not type(None)]
        return _bare(others[0])
    return annotation
