#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""install.py BUILD - installs a build into a folder of its own and compiles an example
out of tree three ways: pkg-config shared, pkg-config static, CMake package."""

import os
import subprocess
import sys
import tempfile

import tree

EXAMPLE = os.path.join(tree.ROOT, "examples", "foobar.c")
PROJECT = """cmake_minimum_required(VERSION 3.25)
project(example C)
find_package(devp2p 0.1 REQUIRED)
add_executable(example {example})
target_link_libraries(example PRIVATE devp2p::devp2p)
"""


def run(argv, **more):
    """None, or the last words of a command that failed."""
    done = subprocess.run(argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **more)
    return f"{' '.join(argv[:3])}: {done.stdout[-2000:]}" if done.returncode else None


def refuses_bad_address(program, libs):
    """The program runs: it finds its library and says what is wrong."""
    done = subprocess.run([program, "--listen", "nowhere"], text=True, stderr=subprocess.PIPE, check=False,
                          env=dict(os.environ, LD_LIBRARY_PATH=libs))
    return None if done.returncode == 1 and "nowhere" in done.stderr else f"{program}: {done.stderr}"


def main():
    complaints = []
    with tempfile.TemporaryDirectory() as work:
        prefix, project = os.path.join(work, "prefix"), os.path.join(work, "project")
        if why := run(["cmake", "--install", sys.argv[1], "--prefix", prefix]):
            tree.verdict("install", [why], 0)
        configs = [folder for folder, _, names in os.walk(prefix) if "devp2p.pc" in names]
        if not configs:
            tree.verdict("install", ["no devp2p.pc"], 0)
        libs = os.path.dirname(configs[0])
        env = dict(os.environ, PKG_CONFIG_PATH=configs[0])

        def flags(*options):
            argv = ["pkg-config", "--define-variable=prefix=" + prefix, f"--define-variable=includedir={prefix}/include",
                    f"--define-variable=libdir={libs}", *options, "devp2p"]
            return subprocess.run(argv, env=env, check=True, text=True, stdout=subprocess.PIPE).stdout.split()

        shared, static = os.path.join(work, "shared"), os.path.join(work, "static")
        archive = [os.path.join(libs, "libdevp2p.a") if f == "-ldevp2p" else f
                   for f in flags("--static", "--cflags", "--libs")]
        os.mkdir(project)
        with open(os.path.join(project, "CMakeLists.txt"), "w", encoding="utf-8") as f:
            f.write(PROJECT.format(example=EXAMPLE))
        package = os.path.join(project, "build", "example")
        steps = [
            (["cc", "-std=c11", EXAMPLE, *flags("--cflags", "--libs"), "-o", shared], shared),
            (["cc", "-std=c11", EXAMPLE, *archive, "-o", static], static),
            (["cmake", "-S", project, "-B", f"{project}/build", f"-DCMAKE_PREFIX_PATH={prefix}"], None),
            (["cmake", "--build", f"{project}/build"], package),
        ]
        for argv, program in steps:
            why = run(argv) or (program and refuses_bad_address(program, libs))
            complaints += [why] if why else []
    tree.verdict("install", complaints, len(steps))


main()
