#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What no compiler checks: floors, sizes, banned calls, names, comments, dead files."""

import os
import re

import tree

# A folder of src/ and what it may include; DESIGN's table of floors.
FLOORS = {
    "base": [],
    "crypto": ["base"],
    "rlp": ["base"],
    "wire": ["base", "crypto", "rlp"],
    "core": ["base", "crypto", "rlp", "wire"],
    "server": ["base", "crypto", "rlp", "wire", "core"],
    "os": ["base"],
    "sim": ["base", "crypto", "rlp", "wire", "core", "server"],
}
EVERY_FLOOR = [*FLOORS]
# Above the floors: the tool sees public headers, its own and those of the system.
TOOL = "cli/"
PROGRAMS = ("examples/", TOOL)

# Public headers and the folders that may not see them.  protocol.h and server.h
# belong to server, but wire and core use their plain types; base implements
# the addresses of node.h.
UNSEEN = {
    "rlp.h": ["base", "crypto", "os"],
    "rlpx.h": ["base", "crypto", "rlp", "wire", "os"],
    "request.h": ["base", "crypto", "rlp", "wire", "os"],
    "packet.h": ["base", "crypto", "rlp", "wire", "os"],
    "protocol.h": ["base", "crypto", "rlp", "os"],
    "server.h": ["base", "crypto", "rlp", "os"],
    "info.h": ["base", "crypto", "rlp", "wire", "core", "os"],
    "devp2p.h": EVERY_FLOOR,
}

# System headers: the pure floors have these of C, and each library one home.
PURE = ["base", "crypto", "rlp", "wire", "core"]
C_HEADERS = {"stdalign.h", "stdarg.h", "stdatomic.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h",
             "stdlib.h", "string.h", "limits.h", "inttypes.h"}
LIBRARIES = {r"openssl/": ["crypto", "os"], r"secp256k1": ["crypto"], r"snappy": ["wire"], r"uv\.h": ["os"]}
HOMES = {**LIBRARIES, r"(immintrin|cpuid)\.h": ["crypto"], r"(sys/|netinet/|arpa/|net/|netdb|poll|fcntl|unistd)": ["os"]}

BANNED = ["strcpy", "strcat", "sprintf", "vsprintf", "gets", "strtok", "atoi", "atol", "alloca", "assert",
          "setjmp", "longjmp", "system", "popen", "signal", "sigaction", "exit", "_exit", "printf", "puts"]
WORLD = ["time", "clock", "clock_gettime", "gettimeofday", "rand", "srand", "random", "srandom", "drand48",
         "sleep", "usleep", "nanosleep", "getenv", "getpid"]
# who reads the one variable of the environment; see purity.py
ENVIRONMENT = ("src/crypto/cpu.c", "getenv")
HEAP = ["malloc", "calloc", "realloc", "free", "strdup", "strndup", "aligned_alloc", "posix_memalign"]
SLEEPS = ["sleep", "usleep", "nanosleep", "clock_nanosleep", "uv_sleep"]

FILE_LINES, FUNCTION_LINES, COLUMNS = 800, 70, 80
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK|for n" r"ow|place" r"holder)\b")

complaints = []


def complain(path, line, what):
    complaints.append(f"{path}:{line}: {what}" if line else f"{path}: {what}")


def code_of(text):
    """The text with comments and strings blanked, line for line."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())
    return re.sub(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'""", blank, text, flags=re.S)


def folder_of(path):
    return path.split("/")[1] if path.startswith("src/") and path.count("/") > 1 else None


def is_test(path):
    return path.startswith("test/") or path.endswith(("_test.c", "_fuzz.c", "_fixture.h"))


def calls(code, names):
    for match in re.finditer(r"(?<![\w.>])(" + "|".join(names) + r")\s*\(", code):
        yield code.count("\n", 0, match.start()) + 1, match.group(1)


def check_includes(path, text):
    folder = folder_of(path)
    if folder is None:
        return
    if folder not in FLOORS:
        complain(path, 0, f"no such floor: {folder}")
        return
    allowed = [*FLOORS[folder], folder]
    if is_test(path):
        allowed = EVERY_FLOOR if folder in ("os", "sim") else [f for f in EVERY_FLOOR if f != "os"]
    for match in re.finditer(r'^\s*#\s*include\s*([<"])([^>"]+)', text, re.M):
        line, name = text.count("\n", 0, match.start()) + 1, match.group(2)
        if match.group(1) == '"':
            target = name.split("/")[0]
            if "/" in name and target not in allowed:
                complain(path, line, f"upward include: {folder} may not include {name}")
            continue
        public = name.startswith("devp2p/")
        if public and not is_test(path) and folder in UNSEEN.get(name[7:], []):
            complain(path, line, f"upward include: {folder} may not include <{name}>")
        if public or is_test(path):
            continue
        for pattern, homes in HOMES.items():
            if re.match(pattern, name) and folder not in homes:
                complain(path, line, f"<{name}> belongs to {' and '.join(homes)}")
        library = any(re.match(pattern, name) for pattern in HOMES)
        if folder in PURE and not library and name not in C_HEADERS:
            complain(path, line, f"a pure floor may not include <{name}>")


def check_tool(path, text):
    if not path.startswith(TOOL):
        return
    for match in re.finditer(r'^\s*#\s*include\s*([<"])([^>"]+)', text, re.M):
        line, name = text.count("\n", 0, match.start()) + 1, match.group(2)
        inner = match.group(1) == '"' and "/" in name
        if inner or any(re.match(pattern, name) for pattern in LIBRARIES):
            complain(path, line, f"upward include: {TOOL} may not include {name}")


def check_calls(path, code):
    folder = folder_of(path)
    if not path.startswith(("src/", "include/", *PROGRAMS)) or is_test(path):
        return
    banned = BANNED[:8] if path.startswith(PROGRAMS) else BANNED
    for line, name in calls(code, banned):
        complain(path, line, f"banned call: {name}")
    if folder != "os" and not path.startswith(PROGRAMS):
        for line, name in calls(code, WORLD):
            if (path, name) != ENVIRONMENT:
                complain(path, line, f"only src/os may call {name}")
        if path != "src/base/env.c":
            for line, name in calls(code, HEAP):
                complain(path, line, f"memory comes from dp_alloc, not {name}")


def check_test(path, text, code):
    if not is_test(path):
        return
    for line, name in calls(code, SLEEPS):
        complain(path, line, f"a test does not sleep: {name}")
    for line, name in calls(code, ["skip"]):
        complain(path, line, "a test is not skipped")
    # Addresses of the simulated world may have any port, those of a kernel not.
    if path.startswith(("src/os/", "test/interop/")) or re.search(r'"os/os\.h"|devp2p_server_new\(', code):
        for match in re.finditer(r'"(127\.0\.0\.1|0\.0\.0\.0|\[::1?\]|localhost)?:[1-9]\d*"', text):
            complain(path, text.count("\n", 0, match.start()) + 1, f"fixed port {match.group()}")


def check_sizes(path, text):
    lines = text.split("\n")
    if len(lines) - 1 > FILE_LINES:
        complain(path, 0, f"{len(lines) - 1} lines, {FILE_LINES} at most")
    if not path.endswith((".c", ".h")):
        return
    start = None
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS and not re.search(r'"\S*"|https?:', line):
            complain(path, number, f"{len(line)} columns, {COLUMNS} at most")
        if line == "{":
            start = number
        elif line.startswith("}") and start:
            if number - start + 1 > FUNCTION_LINES:
                complain(path, start, f"function of {number - start + 1} lines, {FUNCTION_LINES} at most")
            start = None


def check_words(path, text):
    first = text.split("\n", 2)
    head = first[1] if first[0].startswith("#!") else first[0]
    if "SPDX-License-Identifier: MIT" not in head and not path.endswith((".md", ".json")):
        complain(path, 1, "no SPDX line")
    for match in UNFINISHED.finditer(text):
        complain(path, text.count("\n", 0, match.start()) + 1, f"unfinished: {match.group()}")


def check_mode(path, text):
    if text.startswith("#!") and not os.access(os.path.join(tree.ROOT, path), os.X_OK):
        complain(path, 1, "begins with #! and is not executable")


def check_names(path, code):
    if path.startswith("src/") and path.endswith(".c"):
        for match in re.finditer(r"^static [^;={}()]*?\b(\w+)\(", code, re.M):
            if match.group(1).startswith(("dp_", "devp2p_")):
                complain(path, code.count("\n", 0, match.start()) + 1,
                         f"a static function has no prefix: {match.group(1)}")
    if path.startswith("include/"):
        for match in re.finditer(r"^\s*#\s*define\s+(\w+)", code, re.M):
            if not match.group(1).startswith(("DEVP2P_", "devp2p_")) and match.group(1) != "X":
                complain(path, code.count("\n", 0, match.start()) + 1, f"macro without prefix: {match.group(1)}")
        for match in re.finditer(r"^(?:typedef\b[^;{]*?|\} )\b(\w+);", code, re.M):
            if not match.group(1).startswith("devp2p_"):
                complain(path, code.count("\n", 0, match.start()) + 1, f"type without prefix: {match.group(1)}")


def public_functions(text):
    """(line, name) of what a public header declares."""
    for match in re.finditer(r"^DEVP2P_API\b[^;]*?\b(devp2p_\w+)\(", text, re.M):
        yield text.count("\n", 0, match.start()) + 1, match.group(1)


def check_comments(path, text):
    """A comment stands above each public function, or above its group; that of a
    single one names it."""
    if not path.startswith("include/"):
        return
    lines = text.split("\n")
    for paragraph in re.finditer(r"(?:.+\n)+", code_of(text)):
        functions = list(public_functions(paragraph.group()))
        start = text.count("\n", 0, paragraph.start())
        comment = " ".join(re.findall(r"/\*.*?\*/", "\n".join(lines[start:]), re.S)[:1])
        whole = "\n".join(lines[start:start + paragraph.group().count("\n")])
        if functions and not whole.lstrip().startswith("/*"):
            complain(path, start + functions[0][0], f"{functions[0][1]}: no comment")
        elif len(functions) == 1 and not re.search(rf"(?<!\w){functions[0][1]}\b", comment):
            complain(path, start + functions[0][0], f"{functions[0][1]}: its comment does not name it")


def check_quotes(path):
    """A code block under <!-- from FILE --> stands in that file, line for line."""
    for match in re.finditer(r"^<!-- from (\S+) -->\n```c\n(.*?)^```$", tree.text(path), re.M | re.S):
        if match.group(2) not in tree.text(match.group(1)):
            complain(path, tree.text(path).count("\n", 0, match.start()) + 1, f"is not so in {match.group(1)}")


def check_package():
    """The Debian package has the version of the header, and its soname in a name."""
    version = "{}.{}.{}".format(*tree.version())
    if not tree.text("debian/changelog").startswith(f"libdevp2p ({version}) "):
        complain("debian/changelog", 1, f"does not begin with libdevp2p ({version})")
    package = f"libdevp2p{tree.soversion(tree.version())}"
    if not re.search(rf"^Package: {re.escape(package)}$", tree.text("debian/control"), re.M):
        complain("debian/control", 0, f"has no package {package}")


def check_dead(sources):
    texts = {path: tree.text(path) for path in sources}
    included = "\n".join(re.findall(r'#\s*include\s*[<"]([^>"]+)', "\n".join(texts.values())))
    for path in sources:
        name = re.sub(r"^(src|include|test)/", "", path)
        if path.endswith(".h") and not re.search(rf"(^|/){re.escape(os.path.basename(name))}$", included, re.M):
            complain(path, 0, "dead file: nobody includes it")
    fuzzed = {os.path.basename(p)[:-len("_fuzz.c")] for p in sources if p.endswith("_fuzz.c")}
    corpora = {p.split("/")[2] for p in tree.files("test/corpus/*/*")}
    for name in sorted(fuzzed - corpora):
        complain(f"test/corpus/{name}", 0, "missing: a fuzz target without a corpus")
    for name in sorted(corpora - fuzzed):
        complain(f"test/corpus/{name}", 0, "dead files: no fuzz target has this name")
    for path in tree.files("test/vectors/*.json"):
        if path.replace("vectors/", "vector_").replace(".json", ".c") not in sources:
            complain(path, 0, "dead file: no test/vector_*.c replays it")
    users = {p: tree.text(p) for p in tree.files("Makefile", ".ci/*", "cmake/*", "tools/*", "doc/Doxyfile")}
    for path in tree.files("tools/*"):
        base = os.path.basename(path)
        stem = base.rsplit(".", 1)[0]
        called = re.compile(rf"\b{re.escape(base)}|devp2p_check\({stem}\b|import {stem}\b")
        if not any(called.search(text) for user, text in users.items() if user != path):
            complain(path, 0, "dead file: nobody calls it")


def main():
    sources = tree.files("src/*.[ch]", "include/*.h", "cli/*.[ch]", "man/*.c", "examples/*.c", "bench/*.[ch]",
                         "test/*.[ch]")
    scripts = tree.files("tools/*", "cmake/*", ".ci/*", "Makefile", "*CMakeLists.txt", "man/*.[137]", "bench/*.py",
                         "test/*.py", "test/*.go", "test/*.js", "test/*.mjs")
    scripts = [p for p in scripts if not p.startswith("test/vectors/")]
    for path in sources + scripts:
        text = tree.text(path)
        check_words(path, text)
        check_sizes(path, text)
        check_mode(path, text)
        if path not in sources:
            continue
        code = code_of(text)
        check_includes(path, text)
        check_tool(path, text)
        check_calls(path, code)
        check_test(path, text, code)
        check_names(path, code)
        check_comments(path, text)
    check_package()
    check_dead(sources)
    pages = tree.files("*.md")
    for path in pages:
        check_quotes(path)
    tree.verdict("tidy", complaints, len(sources + scripts + pages))


main()
