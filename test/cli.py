#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""cli.py BIN - the tool devp2p in BIN as its users have it: real files, pipes, nodes."""

import contextlib
import json
import os
import re
import shlex
import socket
import stat
import subprocess

from tool import BIN, PATIENCE, TOOL, commands, equal, must, play, refused, result, tree

from process import Peer, Program

# The private key 1 has the generator of the curve as public key.
ONE = "0" * 63 + "1"
G = ("79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
     "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8")
G_ID = "c0a6c424ac7157ae408398df7e5f4552091a69125d5dfcb7b8c2659029395bdf"


def known_key(folder):
    path = os.path.join(folder, "one")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as f:
        f.write(ONE)
    return path


# --- the cases ---

def keys_are_made(folder):
    path = os.path.join(folder, "made")
    equal("output of generate", result("key", "generate", path), "")
    equal("mode", stat.S_IMODE(os.stat(path).st_mode), 0o600)
    with open(path, encoding="ascii") as f:
        first = f.read()
    must(re.fullmatch(r"[0-9a-f]{64}\n", first), "it is not 64 hex digits")
    refused(1, "key", "generate", path, says=path)
    with open(path, encoding="ascii") as f:
        equal("a key file that was there", f.read(), first)
    equal("files", os.listdir(folder), ["made"])
    must(re.fullmatch(r"[0-9a-f]{64}\n", result("key", "to-id", path)), "to-id shows no id")
    must(re.fullmatch(r"enode://[0-9a-f]{128}@127\.0\.0\.1:30303\n", result("key", "to-enode", path)),
         "to-enode shows no URL")


def a_known_key(folder):
    path = known_key(folder)
    equal("id", result("key", "to-id", path), G_ID + "\n")
    for options, host in [
            ([], "@127.0.0.1:30303"),
            (["--ip", "10.0.0.7"], "@10.0.0.7:30303"),
            (["--ip=::1", "--tcp=1"], "@[::1]:1?discport=30303"),
            (["--tcp", "1", "--udp", "2"], "@127.0.0.1:1?discport=2"),
            (["--udp", "0"], "@127.0.0.1:30303?discport=0"),
            (["-tcp", "65535", "-udp=65535"], "@127.0.0.1:65535"),
            (["--ip", ""], "")]:
        for args in ([*options, path], [path, *options], [*options, "--", path]):
            equal(f"URL with {args}", result("key", "to-enode", *args), f"enode://{G}{host}\n")


def bad_key_files(folder):
    wide = known_key(folder)
    os.chmod(wide, 0o640)
    short = os.path.join(folder, "short")
    with open(os.open(short, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as f:
        f.write(ONE[:-1])
    for sub in ("to-id", "to-enode"):
        refused(1, "key", sub, wide, says="0640")
        refused(1, "key", sub, short, says="64 hex digits")
        refused(1, "key", sub, folder, says="plain file")
        refused(1, "key", sub, os.path.join(folder, "none"), says="No such file")
    refused(1, "key", "generate", os.path.join(folder, "none", "key"), says="No such file")
    refused(1, "key", "to-id", os.path.join(folder, "a\nb\x1b[1m"), says="a?b?[1m")


def wrong_usage(folder):
    path = known_key(folder)
    for args, says in [
            ("", "one of key,"),
            ("nope", "unknown command nope, known are key,"),
            ("--nope", "unknown option --nope, known are --help, --version"),
            ("--help=x", "--help takes no value"),
            ("key", "one of generate, to-id, to-enode"),
            ("key nope", "unknown command nope, known are generate, to-id, to-enode"),
            ("key --ip 1.2.3.4 to-enode", "unknown option --ip"),
            ("key generate", "FILE is missing"),
            ("key to-id", "FILE is missing"),
            ("key to-enode", "FILE is missing"),
            ("key to-id a b", "one argument too many: b"),
            ("key to-id --nope a", "unknown option --nope"),
            ("key to-id -- --nope a", "too many: /"),
            ("key to-enode a --ip", "--ip needs a value"),
            ("key to-enode a --i 1.2.3.4", "unknown option --i, known are --ip, --tcp"),
            ("key to-enode a --ip 1.2.3", "not an IP address: --ip 1.2.3\n"),
            ("key to-enode a --ip fe80::1%1", "not an IP address: --ip fe80::1%1\n"),
            ("key to-enode a --ip 1.2.3.4:5", "not an IP address: --ip 1.2.3.4:5\n"),
            ("key to-enode a --tcp 65536", "not a number from 0 to 65535: --tcp 65536\n"),
            ("key to-enode a --tcp=", "not a number from 0 to 65535: --tcp \n"),
            ("key to-enode a --udp -1", "not a number from 0 to 65535: --udp -1\n"),
            ("key to-enode a --udp 99999999999999999999999", "not a number from 0 to 65535: --udp 9999"),
            ("rlpx", "one of ping"),
            ("rlpx ping", "ENODE is missing"),
            ("rlpx ping enode", "node URL: it does not begin with enode://"),
            (f"rlpx ping {node_at('x')}", "node URL: the port"),
            (f"rlpx ping {node_at(0)}", "node URL: it names no TCP port"),
            (f"rlpx ping enode://{G}", "node URL: it names no TCP port"),
            (f"rlpx ping {node_at(1)} --timeout 0", "not a number of seconds"),
            (f"rlpx ping {node_at(1)} --timeout 1e9", "--timeout 1e9"),
            (f"rlpx ping {node_at(1)} --timeout -1", "--timeout -1"),
            (f"rlpx ping {node_at(1)} --timeout 5s", "--timeout 5s"),
            (f"rlpx ping {node_at(1)} --timeout .", "--timeout ."),
            (f"rlpx ping {node_at(1)} --timeout 3600.1", "up to 3600: --timeout 3600.1"),
            ("sim", "one of list, run, seeds"),
            ("sim list pair", "one argument too many: pair"),
            ("sim run", "pair|star|"),
            ("sim run nope", "unknown scenario nope, known are pair|star|"),
            ("sim run pair mesh", "one argument too many: mesh"),
            ("sim run pair --test-crypto=1", "--test-crypto takes no value"),
            ("sim run pair --nodes 1", "not a number from 2 to 100000: --nodes 1\n"),
            ("sim run pair --nodes 100001", "not a number from 2 to 100000: --nodes 100001\n"),
            ("sim run pair --seed -1", "not a number from 0 to 18446744073709551615: --seed -1\n"),
            ("sim run pair --seed 18446744073709551616", "--seed 18446744073709551616\n"),
            ("sim run pair --for 0", "not a time such as 90, 90s, 5m or 1h, up to 1000h: --for 0\n"),
            ("sim run pair --for 1d", "--for 1d\n"),
            ("sim run pair --for h", "--for h\n"),
            ("sim run pair --for 5ms", "--for 5ms\n"),
            ("sim run pair --for 1001h", "--for 1001h\n"),
            ("sim run pair --log loud", "not one of off, error, warn, info, debug, trace: --log loud\n"),
            ("sim run pair --count 2", "unknown option --count"),
            ("sim seeds", "pair|star|"),
            ("sim seeds nope", "unknown scenario nope"),
            ("sim seeds pair --seed 1", "unknown option --seed"),
            ("sim seeds pair --from x", "not a number from 0 to 4294967295: --from x\n"),
            ("sim seeds pair --count 0", "not a number from 1 to 4294967295: --count 0\n"),
            ("sim seeds pair --jobs 0", "not a number from 1 to 256: --jobs 0\n"),
            ("sim seeds pair --jobs 257", "not a number from 1 to 256: --jobs 257\n"),
            ("sim seeds pair --stop=yes", "--stop takes no value"),
            ("completion", "bash is missing"),
            ("completion tcsh", "unknown shell tcsh, known is bash"),
            ("help nope", "unknown command nope"),
            ("help sim nope", "unknown command nope, known are list, run, seeds"),
            ("help key nope", "unknown command nope, known are generate"),
            ("help key to-id nope", "unknown command nope")]:
        refused(2, *[path if a == "a" else a for a in args.split()], says=says)
    refused(2, "key", "to-enode", path, "--ip", "1" * 5000, says="not an IP address: --ip 111")
    refused(2, "1" * 5000, says=", known are key")


def help_for_every_command(_folder):
    paths = []
    for path, text in commands():
        paths.append(path)
        for way in ([*path, "--help"], [*path, "-h"], [*path, "-help", "nope", "--nope"]):
            equal(f"what {way} shows", result(*way), text)
        must(f"\nUsage: devp2p {''.join(p + ' ' for p in path)}" in text, f"no usage of {path}")
        for name in re.findall(r"^  (--[\w-]+) \w+ ", text, re.M):
            refused(2, *path, name, says=f"{name} needs a value")
    must(("key", "to-enode") in paths and ("help",) in paths, f"only {paths}")


def the_version(_folder):
    base = tree.text("include/devp2p/base.h")
    version = ".".join(re.search(rf"DEVP2P_VERSION_{part} (\d+)", base).group(1) for part in
                       ("MAJOR", "MINOR", "PATCH"))
    for word in ("--version", "-v"):
        equal(word, result(word), f"devp2p {version}\n")


def output_that_is_lost(folder):
    path = known_key(folder)
    for args in (["--version"], ["help"], ["key", "to-id", path], ["key", "to-enode", path], ["completion", "bash"],
                 ["sim", "list"]):
        with open("/dev/full", "w", encoding="ascii") as full:
            refused(1, *args, stdout=full, says="cannot write to standard output: No space left")
        closed = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", TOOL, *args], text=True, check=False,
                                stderr=subprocess.PIPE, timeout=PATIENCE)
        equal(f"exit code of {args} without output", closed.returncode, 1)
        must(closed.stderr.startswith("devp2p: cannot write"), closed.stderr)


def complete(folder, *words):
    """What bash offers for the last of these words."""
    script = (f'set -u; . <("$1" completion bash); COMP_WORDS=({shlex.join(["devp2p", *words])})\n'
              'COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=(); _devp2p; printf "%s\\n" "${COMPREPLY[@]}"\n'
              'complete -p devp2p >&2')
    done = subprocess.run(["bash", "--norc", "-c", script, "bash", TOOL], text=True, check=False, cwd=folder,
                          timeout=PATIENCE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    equal("bash", (done.returncode, done.stderr), (0, "complete -F _devp2p devp2p\n"))
    return sorted(done.stdout.split("\n")[:-1])


def completion_in_bash(folder):
    for name in ("key one", "key-two"):
        os.close(os.open(os.path.join(folder, name), os.O_CREAT))
    table = dict(commands())
    for path, text in table.items():
        names = sorted(p[-1] for p in table if p[:-1] == path and p)
        if names:
            equal(f"commands of {path}", complete(folder, *path, ""), names)
            equal(f"commands of help {path}", complete(folder, "help", *path, ""), names)
        options = sorted(re.findall(r"^  (--[\w-]+)", text, re.M))
        equal(f"options of {path}", complete(folder, *path, "-"), options)
    equal("the beginning of a command", complete(folder, "key", "to-e"), ["to-enode"])
    equal("files", complete(folder, "key", "to-id", "key"), ["key one", "key-two"])
    equal("files behind an option", complete(folder, "key", "to-enode", "--ip", "key", "key-"), ["key-two"])
    equal("an option's value", complete(folder, "key", "to-enode", "--ip", ""), [""])
    equal("an option's value behind =", complete(folder, "key", "to-enode", "--ip", "=", ""), [""])
    equal("a shell", complete(folder, "completion", ""), ["bash"])
    for sub in ("run", "seeds"):
        equal(f"scenarios of sim {sub}", complete(folder, "sim", sub, ""), sorted(scenarios()))


@contextlib.contextmanager
def child(kind, name, *args, **more):
    """One of the other programs of BIN, until the end of the block."""
    process = kind(name, [os.path.join(BIN, name), *args], PATIENCE, **more)
    try:
        yield process
    finally:
        process.kill()


def node_at(port, host="127.0.0.1", key=G):
    return f"enode://{key}@{host}:{port}"


def ping(url, *options):
    """What Hello said, by name."""
    return dict(line.split(": ", 1) for line in result("rlpx", "ping", *options, url).splitlines())


def pings(_folder):
    with child(Program, "foobar", "--listen", "127.0.0.1:0", interrupt=True) as foobar:
        url = foobar.enode()
        said = {"client": "my node name", "version": "5", "capabilities": "MyProtocol/1"}
        for way in (url, url.replace("127.0.0.1", "localhost")):
            hello = ping(way)
            must(re.fullmatch(r"[0-9a-f]{64}", hello.pop("id")), "no id")
            equal(f"Hello of {way}", hello, said)
        refused(1, "rlpx", "ping", f"enode://{G}@{url.split('@')[1]}", says="is the key its own?")
        with open("/dev/full", "w", encoding="ascii") as full:
            refused(1, "rlpx", "ping", url, stdout=full, says="cannot write to standard output")
        foobar.ask_to_end()
        foobar.check_end()


def caps(*names):
    return [{"name": n, "version": 1 + i, "length": 1} for i, n in enumerate(names)]


def what_a_node_says(_folder):
    """Its Hello, escaped; the reason when it has no place for us."""
    start = {"listen": "127.0.0.1:0", "caps": caps("aa", "bb"), "maxPeers": 2}  # one is for dials
    with child(Peer, "cpeer") as one, child(Peer, "cpeer") as other:
        at = one.ask("start", name="a \\ name", **start)
        equal("Hello", ping(at["enode"]), {"client": "a \\\\ name", "version": "5",
                                           "capabilities": "aa/1 bb/2", "id": at["id"]})
        other.ask("start", name="", **start)
        other.ask("dial", enode=at["enode"])
        refused(1, "rlpx", "ping", at["enode"], says="disconnected: too many peers (0x04)")


# As go-ethereum's encoder writes a NodeInfo and a PeerInfo; the record (enr) is not known
# yet, and that of a peer is left out then.
NODE_INFO = ["id", "name", "enode", "ip", "ports", "listenAddr", "protocols"]
PEER_INFO = ["enode", "id", "name", "caps", "network", "protocols"]


def infos(url, *options):
    """What rlpx info shows: our node and the one peer."""
    shown = json.loads(result("rlpx", "info", *options, url))
    equal("the object", list(shown), ["nodeInfo", "peers"])
    own, (peer,) = shown["nodeInfo"], shown["peers"]
    equal("the members of a node", list(own), NODE_INFO)
    equal("the ports", list(own["ports"]), ["discovery", "listener"])
    equal("the members of a peer", list(peer), PEER_INFO)
    equal("the network of a peer", list(peer["network"]),
          ["localAddress", "remoteAddress", "inbound", "trusted", "static"])
    return own, peer


def a_node_and_its_peer(folder):
    """JSON as go-ethereum shows it, of a node whose name and words need escapes."""
    key = known_key(folder)
    with child(Peer, "cpeer") as other:
        at = other.ask("start", name='a "b" \\ c', listen="127.0.0.1:0", caps=caps("aa", "bb"), maxPeers=2)
        own, peer = infos(at["enode"], "--caps", "aa/1,cc/7", "--name", 'q"', "--key", key, "--listen", "127.0.0.1:0")
        equal("our id", own["id"], result("key", "to-id", key).strip())
        equal("our name", own["name"], 'q"')
        port = own["ports"]["listener"]
        equal("our addresses", (own["ip"], own["listenAddr"]), ("127.0.0.1", f"127.0.0.1:{port}"))
        must(port and own["enode"].startswith(f"enode://{G}@127.0.0.1:{port}"), own["enode"])
        equal("our protocols", own["protocols"], {"aa": {"version": 1}, "cc": {"version": 7}})
        equal("its id", (peer["id"], peer["enode"]), (at["id"], at["enode"].split("?")[0]))
        equal("its name", peer["name"], 'a "b" \\\\ c')
        equal("its capabilities", peer["caps"], ["aa/1", "bb/2"])
        equal("what runs", peer["protocols"], {"aa": {"version": 1}})
        network = peer["network"]
        must(re.fullmatch(r"127\.0\.0\.1:\d+", network.pop("localAddress")), "no local address")
        equal("the network", network, {"remoteAddress": at["enode"].split("@")[1].split("?")[0],
                                       "inbound": False, "trusted": False, "static": False})
        own, peer = infos(at["enode"].replace("127.0.0.1", "localhost"), "--caps=bb/2", "--listen", ":0")
        must(own["listenAddr"] == f"[::]:{own['ports']['listener']}", own["listenAddr"])
        equal("a peer by name", peer["id"], at["id"])
        own, _ = infos(at["enode"], "--caps=bb/2")
        equal("who does not listen", (own["listenAddr"], own["ports"]), ("", {"discovery": 0, "listener": 0}))
        refused(1, "rlpx", "info", at["enode"], says="none of its capabilities is one of --caps eth/68,eth/69")
        refused(1, "rlpx", "info", f"enode://{G}@{at['enode'].split('@')[1]}", says="is the key its own?")
        refused(1, "rlpx", "info", "--key", "/none", at["enode"], says="/none")
        for wrong in ("aa", "aa/", "/", "", "aa/1,", "aa/x", "aa/4294967296", "aa/-1", ",".join(["a/1"] * 65)):
            refused(2, "rlpx", "info", "--caps", wrong, at["enode"], says="NAME/VERSION")
        refused(2, "rlpx", "info", "--caps=/1", at["enode"], says="printable ASCII")
        refused(2, "rlpx", "info", "--listen=x", at["enode"], says="no address to listen on: --listen x")
        refused(2, "rlpx", "info", "--name", 300 * "n", at["enode"], says="name: ")


def nodes_that_are_none(_folder):
    """Nobody there, nobody answering, nobody of that name: all end in time."""
    with socket.socket() as bound, socket.create_server(("127.0.0.1", 0)) as silent:
        bound.bind(("127.0.0.1", 0))
        closed = bound.getsockname()[1]
        refused(1, "rlpx", "ping", node_at(closed), says=f"127.0.0.1:{closed}: Connection refused")
        refused(1, "rlpx", "ping", "--timeout=0.2", node_at(silent.getsockname()[1]), says="timed out")
        refused(1, "rlpx", "info", node_at(closed), says=f"127.0.0.1:{closed}: Connection refused")
        refused(1, "rlpx", "info", "--timeout=0.2", node_at(silent.getsockname()[1]), says="timed out")
    refused(1, "rlpx", "ping", node_at(1, "nosuch.invalid"), says="cannot look up nosuch.invalid: ")
    refused(1, "rlpx", "ping", node_at(1, "nosuch.invalid"), "--timeout", "0.001", says="cannot look up nosuch.invalid: ")


def an_answer_that_is_no_handshake(_folder):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with subprocess.Popen([TOOL, "rlpx", "ping", node_at(port)], text=True, stderr=subprocess.PIPE,
                              stdout=subprocess.PIPE) as tool:
            peer, _ = listener.accept()
            with peer:
                peer.recv(2)
                peer.sendall(b"\x02\x00" + bytes(512))
                out, err = tool.communicate(timeout=PATIENCE)
            equal("the end", (tool.returncode, out), (1, ""))
            must(re.fullmatch(r"devp2p: 127\.0\.0\.1:\d+: no handshake: [^\n]+\n", err), err)


# --- simulations ---

SHORT = ("--nodes", "4", "--for", "3s", "--test-crypto")
FAULTS = r"faults: (none|[a-z-]+ [1-9]\d*(, [a-z-]+ [1-9]\d*)*)\n"


def scenarios():
    """Every scenario with its words."""
    listed = result("sim", "list")
    must(re.fullmatch(r"([a-z-]+ {2,}\S.* \(\d+ nodes, \d+ s\)\n){10,}", listed), listed)
    return [line.split()[0] for line in listed.splitlines()]


def played(scenario, *options):
    """The hash of a run that works."""
    text = result("sim", "run", scenario, *options)
    shown = re.fullmatch(r"[a-z-]+, \d+ nodes, seed \d+\ntime: \d+\.\d{3} s\npeers: (\d+)\n"
                         r"messages: (\d+) accepted, (\d+) delivered, (\d+) unsent, (\d+) lost with a connection\n"
                         + FAULTS + r"trace ([0-9a-f]{16})\n", text)
    must(shown, f"{scenario} shows {text!r}")
    peers, accepted, delivered, unsent, lost = (int(n) for n in shown.groups()[:5])
    equal(f"what became of the messages of {scenario}", delivered + unsent + lost, accepted)
    must(peers >= 2 and delivered > 0, f"nothing happened: {text!r}")
    return shown.groups()[-1]


def every_scenario_plays(_folder):
    for name in scenarios():
        hashes = [played(name, *SHORT, "--seed", seed) for seed in ("1", "1", "2")]
        must(hashes[0] == hashes[1], f"{name}: one seed has two hashes")
        must(hashes[0] != hashes[2], f"{name}: two seeds have one hash")


def a_trace(folder):
    """A file of lines that are the same when it is written again; it changes no hash."""
    path, again = (os.path.join(folder, name) for name in ("one", "two"))
    equal("hash", played("pair", *SHORT, "--trace", path), played("pair", *SHORT))
    played("pair", *SHORT, f"--trace={again}")
    with open(path, encoding="utf-8") as one, open(again, encoding="utf-8") as two:
        lines = one.read()
        must(lines.count("\n") > 10, f"a short trace: {lines!r}")
        equal("a second trace", two.read(), lines)
    played("partition", *SHORT, "--nodes", "4", "--trace", path)
    with open(path, encoding="utf-8") as trace:
        must(re.search(r"^\d+\.\d{9} fault partition: node 1, node 3, \d+$", trace.read(), re.M), "no fault in a trace")
    refused(1, "sim", "run", "pair", *SHORT, "--trace", folder, says=f"cannot write {folder}: ")
    refused(1, "sim", "run", "pair", *SHORT, "--trace", "/dev/full", says="cannot write /dev/full")


def a_log(_folder):
    done = subprocess.run([TOOL, "sim", "run", "pair", *SHORT, "--log", "debug"], text=True, timeout=PATIENCE,
                          check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    equal("exit code", done.returncode, 0)
    must(re.fullmatch(r"(\d+\.\d{6} [a-z]+ \S+: .*\n)+", done.stderr), done.stderr[:1000])


def many_seeds(_folder):
    for jobs in ("1", "3"):
        text = result("sim", "seeds", "flood", *SHORT, "--from", "5", "--count", "7", "--jobs", jobs, "--every-fault")
        must(re.fullmatch(r"7 seeds, 0 failed\n" + FAULTS, text), text)
        must("noise" in text and "replay" in text, text)


play("cli", [keys_are_made, a_known_key, bad_key_files, wrong_usage, help_for_every_command, the_version,
             output_that_is_lost, completion_in_bash, pings, what_a_node_says, a_node_and_its_peer,
             nodes_that_are_none, an_answer_that_is_no_handshake, every_scenario_plays, a_trace, a_log, many_seeds])
