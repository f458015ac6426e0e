# SPDX-License-Identifier: MIT
"""What binutils say of objects, archives, libraries and programs, for the checks."""

import re
import subprocess

# The libraries of the design; libc is there anyway.
LIBRARIES = ["libcrypto", "libsecp256k1", "libsnappy", "libuv"]


def output(*argv):
    return subprocess.run(argv, check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def names(path, *flags):
    """The symbols that nm shows, without their versions."""
    fields = [line.split() for line in output("nm", "-P", *flags, path).splitlines()]
    return {f[0].split("@")[0] for f in fields if len(f) > 1}


def dynamic(path, tag):
    """The values of one tag of the dynamic section: NEEDED, SONAME, RUNPATH ..."""
    found = re.findall(rf"\({tag}\)[ \t]*(.*)", output("readelf", "-dW", path))
    return [re.sub(r".*\[(.*)\]$", r"\1", value) for value in found]
