// SPDX-License-Identifier: MIT

// The scripted peer on @ethereumjs/devp2p: the language of ../README.md spoken by an
// RLPx node, which is the raw peer too where its library lets it:
//
//   start  helloKey claims the identity of that key in Hello; mute reads nothing
//          after the handshakes until `listen`
//   raw    sends any message id as it is; plain leaves it uncompressed
//   hello  sends another Hello
//   listen lets a mute node read

import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import { Peer, RLPx } from "@ethereumjs/devp2p";
import { RLP } from "@ethereumjs/rlp";
import { keccak256 } from "ethereum-cryptography/keccak.js";
import { secp256k1 } from "ethereum-cryptography/secp256k1.js";
import snappy from "snappyjs";

const HELLO = 0, PONG = 3;
const SNAPPY_VERSION = 5; // the base protocol version that brought compression
const TEXT = new TextEncoder();

let node = null; // the RLPx of `start`
let settings; // the arguments of `start`
const links = new Map(); // Peer that the script was told of -> its node id
const dials = new Map(); // public key -> {resolve, reject} of its `dial`
const errors = new WeakMap(); // Peer -> what the library complained of last
let allGone = () => {}; // called when no link is left

const hex = (bytes) => Buffer.from(bytes).toString("hex");
const unhex = (text) => Uint8Array.from(Buffer.from(text, "hex"));
const publicKey = (key) => secp256k1.getPublicKey(key, false).slice(1);
const nodeId = (key) => hex(keccak256(key));

function say(ev, members) {
  process.stdout.write(JSON.stringify({ ev, ...members }) + "\n");
}

// Failure is an error with details that a script can test.
class Failure extends Error {
  constructor(text, kind, reason) {
    super(text);
    this.kind = kind;
    this.reason = reason;
  }
}

// --- payloads ---

function payload({ form, value, hex: digits, size = 0, seed = 0 }) {
  switch (form) {
    case "list":
      return RLP.encode([value]);
    case "bare":
      return RLP.encode(value);
    case "hex":
      return unhex(digits);
    case "zeros":
      return new Uint8Array(size);
    case "random":
      return new Uint8Array(
        createHash("shake128", { outputLength: size }).update(String(seed)).digest(),
      );
  }
  throw new Error(`unknown form ${form}`);
}

function describe(data) {
  const sha256 = createHash("sha256").update(data).digest("hex");
  return { size: data.length, sha256, ...(data.length <= 64 && { hex: hex(data) }) };
}

// packed is what a message carries on this connection: the library leaves the
// compression of protocol messages to the protocol.
function packed(peer, data) {
  const old = peer.getHelloMessage().protocolVersion < SNAPPY_VERSION;
  return old ? data : snappy.compress(data);
}

// --- the library's events, and what it keeps to itself ---

// protocol makes the class that the library runs for a row of `caps`.
function protocol(cap) {
  return class Scripted {
    constructor(version, peer, send) {
      Object.assign(this, { cap, peer, send });
    }

    _handleMessage(code, data) {
      // It comes before peer:added when it is in one packet with the ack.
      if (!links.has(this.peer)) {
        setImmediate(() => this._handleMessage(code, data));
        return;
      }
      const { name, version, echo, bye } = cap;
      say("msg", { id: links.get(this.peer), cap: name, version, code, ...describe(data) });
      if (bye?.code === code) this.peer.disconnect(bye.reason);
      else if (echo) this.send(code, packed(this.peer, data));
    }
  };
}

function added(peer) {
  const { clientId, capabilities } = peer.getHelloMessage();
  const id = nodeId(peer.getId());
  links.set(peer, id);
  if (settings.mute) peer._socket.pause();
  say("peer", {
    id,
    name: clientId,
    caps: capabilities.map((c) => `${c.name}/${c.version}`),
    inbound: accepted(peer),
  });
  if (!accepted(peer)) dials.get(hex(peer.getId()))?.resolve();
}

// accepted tells an inbound connection: only its end is sent an auth.
const accepted = (peer) => peer._eciesSession._gotEIP8Auth;

function removed(peer, reason = null, weSaid = null) {
  const id = links.get(peer);
  if (!links.delete(peer)) return;
  const by = reason === null ? "network" : weSaid ? "us" : "them";
  say("closed", { id, reason, by, error: errors.get(peer) });
  if (links.size === 0) allGone();
}

// A connection that ends before it is a peer is no event of the library: how a dial
// failed has to be looked for.
const onSocketClose = Peer.prototype._onSocketClose;
Peer.prototype._onSocketClose = function () {
  onSocketClose.call(this);
  if (accepted(this)) return;
  const text = errors.get(this) ?? "closed in the handshake";
  dials.get(hex(this.getId()))?.reject(new Failure(text, "handshake", this._disconnectReason));
};

// Nor is a Pong.
const handlePong = Peer.prototype._handlePong;
Peer.prototype._handlePong = function () {
  handlePong.call(this);
  say("base", { id: links.get(this), code: PONG });
};

// The auth has been made of the true key when Hello claims another.
const sendHello = Peer.prototype._sendHello;
Peer.prototype._sendHello = function () {
  if (settings.helloKey) this.id = publicKey(unhex(settings.helloKey));
  sendHello.call(this);
};

// --- commands ---

function find(id) {
  const found = [...links].filter((link) => !id || link[1] === id);
  if (found.length === 0) throw new Failure("no such peer", "closed");
  if (found.length > 1) throw new Failure("more than one such peer");
  return found[0][0];
}

// accepted by the kernel, whole.
function flushed(peer) {
  return new Promise((resolve, reject) => {
    peer._socket.write("", (error) => {
      if (error) reject(new Failure(error.message, "closed"));
      else resolve();
    });
  });
}

const ops = {
  async start(c) {
    settings = c;
    const key = c.key ? unhex(c.key) : secp256k1.utils.randomPrivateKey();
    node = new RLPx(key, {
      capabilities: c.caps.map((cap) => ({ ...cap, constructor: protocol(cap) })),
      clientId: TEXT.encode(c.name),
      maxPeers: c.maxPeers,
    });
    node.events.on("peer:added", added);
    node.events.on("peer:removed", removed);
    node.events.on("peer:error", (peer, error) => errors.set(peer, error.message));
    const [, host, port] = c.listen.match(/^(.*):(\d+)$/);
    await new Promise((resolve, reject) => {
      node.events.once("listening", resolve);
      node.events.once("error", reject);
      node.listen(Number(port), host);
    });
    const at = node._server.address();
    const enode = `enode://${hex(node.id)}@${at.address}:${at.port}?discport=0`;
    return { enode, id: nodeId(node.id) };
  },

  async dial({ enode }) {
    const url = new URL(enode);
    const outcome = new Promise((resolve, reject) => {
      dials.set(url.username, { resolve, reject });
    });
    outcome.catch(() => {}); // it may come before it is waited for
    const dest = { id: unhex(url.username), address: url.hostname, tcpPort: Number(url.port) };
    try {
      await node.connect(dest).catch((error) => {
        throw new Failure(error.message, "connect");
      });
      await outcome;
    } finally {
      dials.delete(url.username);
    }
  },

  async send(c) {
    const peer = find(c.id);
    const running = peer.getProtocols().find((p) => p.cap.name === c.cap);
    if (!running) throw new Failure(`protocol ${c.cap} does not run`);
    const data = payload(c);
    // The library writes the header of a frame before it computes the rest, which can
    // take longer than anybody waits for the first bytes of it.
    peer._socket.cork();
    running.send(c.code, packed(peer, data));
    peer._socket.uncork();
    await flushed(peer);
    return describe(data);
  },

  disconnect: (c) => find(c.id).disconnect(c.reason),

  async stop() {
    if (!node) return;
    node.destroy();
    node = null;
    ops.listen();
    if (links.size) await new Promise((resolve) => (allGone = resolve));
  },

  async raw(c) {
    const peer = find(c.id);
    const data = payload(c);
    peer._sendMessage(c.code, c.plain ? data : packed(peer, data));
    await flushed(peer);
  },

  hello(c) {
    const peer = find(c.id);
    peer._sendMessage(HELLO, packed(peer, RLP.encode(peer._weHello)));
  },

  listen: () => links.forEach((_, peer) => peer._socket.resume()),
};

async function obey({ op, tag, ...args }) {
  try {
    if (!ops[op]) throw new Failure(`unknown op ${op}`);
    say("ok", { tag, ...(await ops[op](args)) });
  } catch ({ message, kind, reason }) {
    say("fail", { tag, error: message, kind, reason });
  }
}

// Commands do not wait for each other; sends keep their order because the library
// writes before `send` first waits.
for await (const line of createInterface({ input: process.stdin })) obey(JSON.parse(line));
await ops.stop();
process.exit(0);
