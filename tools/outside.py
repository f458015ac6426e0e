# SPDX-License-Identifier: MIT
"""The README's first example as a stranger compiles it: a copy of it in an empty folder,
and nothing of this tree but what was installed."""

import glob
import os
import shutil
import subprocess

import tree

PROJECT = """cmake_minimum_required(VERSION 3.25)
project(stranger C)
find_package(devp2p {version} REQUIRED COMPONENTS static)
foreach(kind devp2p static)
  add_executable(foobar_${{kind}} foobar.c)
  target_link_libraries(foobar_${{kind}} PRIVATE devp2p::${{kind}})
endforeach()
"""


def run(command, cwd, **env):
    """None, or the command and its last words if it failed."""
    done = subprocess.run(command, shell=True, cwd=cwd, text=True, errors="replace", stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, env={**os.environ, **env})
    return f"{command}: {done.stdout[-2000:]}" if done.returncode else None


def libraries(prefix):
    """The folder of the libraries below an installed prefix."""
    return os.path.dirname((glob.glob(f"{prefix}/lib/libdevp2p.a") or glob.glob(f"{prefix}/lib/*/libdevp2p.a"))[0])


def talks(program, libs):
    """None, or why two of the program do not say foo and bar to each other."""
    return run(f"{tree.ROOT}/tools/demo.sh {program}", None, LD_LIBRARY_PATH=libs)


def home(folder):
    """An empty folder with a copy of the example."""
    os.makedirs(folder)
    shutil.copy(os.path.join(tree.ROOT, "examples", "foobar.c"), folder)
    return folder


def by_pkg_config(folder, prefix, static=False):
    """Complaints about the line that the README shows."""
    libs, home_dir = libraries(prefix), home(folder)
    line = f"cc foobar.c $(pkg-config {'--static ' if static else ''}--cflags --libs devp2p)"
    why = run(line, home_dir, PKG_CONFIG_PATH=f"{libs}/pkgconfig") or talks(f"{home_dir}/a.out", libs)
    return [why] if why else []


def by_cmake(folder, prefix):
    """Complaints about find_package, and both targets that it offers."""
    libs, home_dir = libraries(prefix), home(folder)
    with open(os.path.join(home_dir, "CMakeLists.txt"), "w", encoding="utf-8") as f:
        f.write(PROJECT.format(version="{}.{}".format(*tree.version())))
    why = (run(f"cmake -B build -DCMAKE_PREFIX_PATH={prefix}", home_dir) or run("cmake --build build", home_dir)
           or talks(f"{home_dir}/build/foobar_devp2p", libs) or talks(f"{home_dir}/build/foobar_static", "/nowhere"))
    return [why] if why else []
