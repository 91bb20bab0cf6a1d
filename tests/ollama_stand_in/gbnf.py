"""Turns a JSON schema into llama.cpp's own grammar, for the rendered path.

The decision: plain GBNF, because the engine's wheel makes its own grammars with another library, whose limits are not
Ollama's and which its /completion does not keep; refused: leaving that path without a grammar. Patterns, allOf and
formats are not needed here and are refused.
"""

from __future__ import annotations

import json
from typing import Any

SPACE = r'space ::= | " " | "\n"{1,2} [ \t]{0,20}'
CHAR = r'char ::= [^"\\\x7F\x00-\x1F] | [\\] (["\\bfnrt] | "u" [0-9a-fA-F]{4})'
INTEGER = '"-"? ("0" | [1-9] [0-9]{0,15})'
PLAIN = {
    "boolean": '("true" | "false") space',
    "null": '"null" space',
    "integer": f"({INTEGER}) space",
    "number": f'({INTEGER}) ("." [0-9]{{1,16}})? space',
}


def literal(value: Any) -> str:
    """A JSON value as a quoted piece of grammar."""
    text = json.dumps(value, ensure_ascii=False)
    return json.dumps(text, ensure_ascii=False)


def grammar(schema: dict[str, Any]) -> str:
    """The grammar that lets through what the schema describes."""
    return "\n".join((f"root ::= {_rule(schema, schema)}", SPACE, CHAR))


def _rule(part: dict[str, Any], root: dict[str, Any]) -> str:
    if "$ref" in part:
        return _rule(root["$defs"][part["$ref"].rpartition("/")[2]], root)
    if "const" in part or "enum" in part:
        choices = part.get("enum", [part.get("const")])
        return f"({' | '.join(map(literal, choices))}) space"
    for key in ("anyOf", "oneOf"):
        if key in part:
            return f"({' | '.join(_rule(one, root) for one in part[key])})"
    kind = part.get("type", "object" if "properties" in part else "string")
    if isinstance(kind, list):
        return f"({' | '.join(_rule({**part, 'type': one}, root) for one in kind)})"
    if kind == "object":
        return _object(part, root)
    if kind == "array":
        return _array(part, root)
    if kind == "string":
        return f'"\\"" char{_times(part.get("minLength", 0), part.get("maxLength"))} "\\"" space'
    assert kind in PLAIN, f"no grammar for {part}"
    return PLAIN[kind]


def _times(least: int, most: int | None) -> str:
    return f"{{{least},{'' if most is None else most}}}"


def _object(part: dict[str, Any], root: dict[str, Any]) -> str:
    """Needed properties in their order, then the others, each of which may be missing."""
    fields, needed = part.get("properties", {}), part.get("required", [])
    pairs = {name: f'{literal(name)} space ":" space {_rule(one, root)}' for name, one in fields.items()}
    inside = ' "," space '.join(pairs[name] for name in fields if name in needed)
    others = [f'("," space {pairs[name]})?' for name in fields if name not in needed] if inside else []
    return f'"{{" space {" ".join([inside, *others])} "}}" space'


def _array(part: dict[str, Any], root: dict[str, Any]) -> str:
    one, least, most = _rule(part.get("items", {}), root), part.get("minItems", 0), part.get("maxItems")
    more = f'("," space {one}){_times(max(0, least - 1), None if most is None else max(0, most - 1))}'
    inside = f"{one} {more}" if most != 0 else ""
    return f'"[" space {inside if least and inside else f"({inside})?"} "]" space'
