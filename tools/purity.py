#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""purity.py OBJECT... - what the release objects ask the linker for.

A pure floor, base to core, has no clock, chance, thread, socket or file: every name it
leaves open stands on the lists below, or belongs to a floor that is not above it.

No floor at all prints, ends the process or starts one, installs a signal handler or
reads the environment: the host program alone does these.  One object may read one
variable of it, by a name in its source.
"""

import re
import sys

import elf
import tree

FLOORS = ["base", "crypto", "rlp", "wire", "core"]
# crypto and rlp stand side by side.
HEIGHT = {"base": 0, "crypto": 1, "rlp": 1, "wire": 2, "core": 3}

# Of C, and what a compiler adds on its own.
EVERYWHERE = re.compile(r"""(__)?(mem(cpy|move|set|cmp|chr)|str(len|cmp|ncmp|chr|rchr|nlen)|v?snprintf)(_chk)?$
    |abort$|qsort$|__stack_chk_fail$|_GLOBAL_OFFSET_TABLE_$|__tls_get_addr$|bcmp$|__popcountdi2$""", re.X)
# Libraries and the heap have one home each.
HOMES = [
    (re.compile(r"(malloc|realloc|free)$"), r"src/base/env\.c"),
    (re.compile(r"(EVP|OPENSSL|CRYPTO|ERR|HMAC|OSSL)_\w+$"), r"src/crypto/"),
    (re.compile(r"secp256k1_\w+$"), r"src/crypto/"),
    (re.compile(r"snappy_\w+$"), r"src/wire/"),
    # the processor's kind, asked once when the kernels are chosen
    (re.compile(r"__cpu_(model|indicator_init)$|__cpu_features2$"), r"src/crypto/"),
]
# Refused by name, whatever a list above may say one day.
REFUSED = re.compile(r"""RAND_|arc4random|getrandom|getentropy|s?rand(om)?$|(secure_)?getenv|time$|clock
    |gettimeofday|pthread_|thrd_|mtx_|cnd_|uv_|socket|connect$|bind$|listen$|accept|send|recv|getaddrinfo
    |f?open|fread|fwrite|f?printf$|puts$|read$|write$|close$|exit$|signal|sigaction""", re.X)
# Refused on every floor.  abort is dp_assert's: there is nothing to go on with.
OF_THE_HOST = re.compile(r"""(
    (_IO_)?v?[fd]?w?printf|f?puts|fputws|f?putw?c|putw?char|fwrite|perror|psig(nal|info)
    |v?(err|warn)x?|error|v?syslog|openlog|std(out|err)                                 # prints
    |_?exit|_Exit|quick_exit|(__cxa_)?at(_quick_)?exit|on_exit|pthread_exit|thrd_exit
    |raise|(p|pthread_)?kill                                                            # ends
    |v?fork|_Fork|forkpty|daemon|clone3?|system|popen|wordexp|exec[lv]p?e?|fexecve
    |posix_spawnp?                                                                      # starts
    |(sysv_|bsd_|s)?signal|sigaction|sigset|sigvec|sigprocmask|siginterrupt|signalfd
    |sigaltstack|sig(hold|ignore|relse)|setitimer|alarm|timer_create                    # signals
    |(secure_)?getenv|setenv|putenv|unsetenv|clearenv|_?environ                         # environment
    )$""", re.X)

# (source, name): DEVP2P_CPU, see there.
EXCEPTION = ("src/crypto/cpu.c", "getenv")


def plain(name):
    """The name of C for what a compiler or a libc makes of it: __printf_chk, fopen64, putc_unlocked."""
    return re.sub(r"(_chk|64|_unlocked)+$", "", re.sub(r"^__(?!cxa_)", "", name))


def source_of(obj):
    """src/FLOOR/x.c of BUILD/CMakeFiles/devp2p_objects.dir/src/FLOOR/x.c.o"""
    match = re.search(r"\.dir/(?:\./)?(src/.*\.c)\.o$", obj)
    return match.group(1) if match else obj


def floor_of(source):
    parts = source.split("/")
    return parts[1] if len(parts) > 2 else None


def fits(name, source, homes):
    """None, or why a pure object may not need this name."""
    if REFUSED.match(name):
        return "refused"
    if name in homes:
        theirs, ours = homes[name], floor_of(source)
        below = theirs == ours or HEIGHT.get(theirs, 9) < HEIGHT[ours]
        return None if below else f"belongs to the floor {theirs}, which is not below"
    if EVERYWHERE.match(name) or any(n.match(name) and re.match(home, source) for n, home in HOMES):
        return None
    return "not on the allow-list"


def main():
    objects = {source_of(obj): obj for obj in sys.argv[1:]}
    homes = {name: floor_of(source) for source, obj in objects.items()
             for name in elf.names(obj, "-g", "--defined-only")}
    asked = [(source, name) for source, obj in sorted(objects.items()) for name in sorted(elf.names(obj, "-u"))
             if (source, name) != EXCEPTION]
    pure = [(source, name) for source, name in asked if floor_of(source) in FLOORS]
    complaints = [f"{source}: {name}: {why}" for source, name in pure if (why := fits(name, source, homes))]
    complaints += [f"{source}: {name}: left to the host program" for source, name in asked
                   if OF_THE_HOST.match(plain(name))]
    if (calls := re.findall(r"\bgetenv\(.*?\)", tree.text(EXCEPTION[0]))) != ['getenv("DEVP2P_CPU")']:
        complaints.append(f"{EXCEPTION[0]}: reads {calls}")
    if not pure:
        complaints.append("no objects of the pure floors")
    tree.verdict("purity", complaints, len(objects))


main()
