#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tutorial.py BIN - the programs of doc/TUTORIAL.md do what it says; that its code stands
in them is checked by tools/tidy.py."""

import os

from tool import BIN, play

from process import Program

PATIENCE = 60  # seconds; a machine may be busy


def start(name, *args):
    return Program(name, [os.path.join(BIN, name), *args], PATIENCE)


def a_server_without_protocols_runs(_):
    server = start("tutorial_server", "127.0.0.1:0")
    server.take(lambda line: line == "running", "running")
    server.kill()


def bar_arrives(_):
    first = start("tutorial", "127.0.0.1:0")
    url = first.take(lambda line: line.startswith("enode://"), "URL")
    second = start("tutorial", "127.0.0.1:0", url)
    second.take(lambda line: line == "recv: bar", "bar")
    second.kill()
    first.kill()


def a_bad_address_is_explained(_):
    wrong = start("tutorial", "nowhere")
    try:
        wrong.take(lambda line: True, "line")
    except Exception as why:  # pylint: disable=broad-except
        assert "listen_addr" in str(why), why
    else:
        raise AssertionError("it runs")


play("tutorial", [a_server_without_protocols_runs, bar_arrives, a_bad_address_is_explained])
