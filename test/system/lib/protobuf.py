# SPDX-License-Identifier: Apache-2.0
"""As much of protobuf as the messages of the secrets engine need: texts, bytes, numbers, messages
within messages. A message is {field number: value}; a map is a list of messages {1: key, 2: value}."""


def encode(message):
    return b"".join(_field(number, value) for number, value in message.items())


def decode(data):
    """{field number: [values]}; bytes stay bytes."""
    found, at = {}, 0
    while at < len(data):
        tag, at = _read_number(data, at)
        if tag & 7 == 0:
            value, at = _read_number(data, at)
        elif tag & 7 == 2:
            size, at = _read_number(data, at)
            value, at = data[at:at + size], at + size
        else:
            raise ValueError(f"a field of wire type {tag & 7}")
        found.setdefault(tag >> 3, []).append(value)
    return found


def pairs(values):
    """A map as its messages."""
    return [{1: key, 2: value} for key, value in values.items()]


def read_pairs(values):
    return {m.get(1, [b""])[0].decode(): m.get(2, [b""])[0].decode()
            for m in map(decode, values)}


def _field(number, value):
    if isinstance(value, list):
        return b"".join(_field(number, v) for v in value)
    if isinstance(value, int):
        return _number(number << 3) + _number(int(value))
    if isinstance(value, dict):
        value = encode(value)
    data = value.encode() if isinstance(value, str) else value
    return _number(number << 3 | 2) + _number(len(data)) + data


def _number(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def _read_number(data, at):
    n = shift = 0
    while True:
        n |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            # Negative numbers have all 64 bits.
            return (n - (1 << 64) if n >> 63 else n), at
