# SPDX-License-Identifier: MIT
"""Secrets to look for in memory and in logs, in pieces of 8 bytes at any address."""

import array
import base64
import sys


def plain(secret):
    """(name, bytes) of a secret as it is and as text."""
    yield "raw", secret
    text = secret.hex().encode()
    yield "hex", text
    yield "HEX", text.upper()
    # what of base64 does not depend on the bytes before and behind
    for skip in range(3):
        encoded = base64.b64encode(bytes(skip) + secret)
        yield "base64", encoded[(0, 2, 3)[skip]:len(encoded) // 4 * 4 - 4]


def pieces(data):
    """The pieces of data, as numbers; those that anything may hold are left out."""
    return {int.from_bytes(data[i:i + 8], sys.byteorder) for i in range(0, len(data) - 7, 8)
            if len(set(data[i:i + 8])) > 3}


def found(data, wanted):
    """Those of wanted that stand in data."""
    there = set()
    for skip in range(8):
        part = data[skip:len(data) - (len(data) - skip) % 8]
        there |= wanted & set(array.array("Q", part))
    return there
