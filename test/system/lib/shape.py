# SPDX-License-Identifier: Apache-2.0
"""Comparing an answer with what it must look like, where ids and times differ each time."""

import re


class Is:
    """Matches by a function; the name is for the message."""

    def __init__(self, name, function):
        self.name, self.function = name, function

    def __repr__(self):
        return self.name


def pattern(text):
    return Is(f"/{text}/", lambda value: isinstance(value, str) and re.fullmatch(text, value))


ID = Is("an id", lambda v: isinstance(v, str) and re.fullmatch(r"[0-9a-z]{25}", v))
CONTAINER = Is("a container's id", lambda v: isinstance(v, str) and re.fullmatch(r"[0-9a-f]{64}", v))
TIME = Is("a time", lambda v: isinstance(v, str) and re.fullmatch(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,8}[1-9])?Z", v))
NUMBER = Is("a number", lambda v: isinstance(v, int) and not isinstance(v, bool) and v > 0)
TEXT = Is("a text", lambda v: isinstance(v, str) and v)
ANY = Is("anything", lambda v: True)
VERSION = {"Index": NUMBER}


class Maybe:
    """A field that may be absent."""

    def __init__(self, shape):
        self.shape = shape


def differences(value, shape, path=""):
    """What differs, as lines; empty when the value has the shape. Dicts have no other keys."""
    if isinstance(shape, Is):
        return [] if shape.function(value) else [f"{path or '.'}: {value!r} is not {shape}"]
    if isinstance(shape, dict):
        return differences_of_objects(value, shape, path)
    if isinstance(shape, list):
        if not isinstance(value, list) or len(value) != len(shape):
            return [f"{path or '.'}: {value!r} is not a list of {len(shape)}"]
        pairs = zip(value, shape)
        return [d for n, (v, s) in enumerate(pairs) for d in differences(v, s, f"{path}[{n}]")]
    if value != shape or type(value) is not type(shape):
        return [f"{path or '.'}: {value!r} is not {shape!r}"]
    return []


def differences_of_objects(value, shape, path):
    if not isinstance(value, dict):
        return [f"{path or '.'}: {value!r} is not an object"]
    found = [f"{path}.{key}: unexpected ({value[key]!r})" for key in value if key not in shape]
    for key, inner in shape.items():
        optional = isinstance(inner, Maybe)
        if key in value:
            found += differences(value[key], inner.shape if optional else inner, f"{path}.{key}")
        elif not optional:
            found.append(f"{path}.{key}: missing")
    return found


def like(value, shape):
    found = differences(value, shape)
    assert not found, "\n".join(found)
