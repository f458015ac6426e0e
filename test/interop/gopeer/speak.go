// SPDX-License-Identifier: MIT

// Package gopeer is the scripted peer of the interop suite, written once for every
// go-ethereum version: it uses only calls that v1.9.12 and current versions share.
// The language it speaks is described in ../README.md.
package gopeer

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"sync"
)

// Cap is one capability that a node offers.
type Cap struct {
	Name    string `json:"name"`
	Version uint   `json:"version"`
	Length  uint64 `json:"length"`
	Echo    bool   `json:"echo"` // send every message back
	Bye     *Bye   `json:"bye"`  // hang up from inside the handler
}

// Bye makes the handler disconnect when a message with this code arrives, so that
// no turn of the script lies between the two.
type Bye struct {
	Code   uint64 `json:"code"`
	Reason int    `json:"reason"`
}

// Command is one line of input: the operation and the arguments of all operations.
type Command struct {
	Op  string          `json:"op"`
	Tag json.RawMessage `json:"tag"`

	Key      string `json:"key"`
	Name     string `json:"name"`
	Listen   string `json:"listen"`
	Caps     []Cap  `json:"caps"`
	MaxPeers int    `json:"maxPeers"`
	Fault    string `json:"fault"`    // misbehave on purpose, see fault.go
	P2P      uint64 `json:"p2p"`      // raw peer: base protocol version
	HelloKey string `json:"helloKey"` // raw peer: identity claimed in Hello
	Mute     bool   `json:"mute"`     // raw peer: read nothing after Hello until `listen`

	Enode string `json:"enode"`
	Keep  bool   `json:"keep"` // dial: a static node, dialled by the server itself

	ID     string `json:"id"`
	Cap    string `json:"cap"`
	Code   uint64 `json:"code"`
	Reason int    `json:"reason"`
	Plain  bool   `json:"plain"` // raw peer: do not compress
	Content
}

// Fields are the members of an event or of a reply.
type Fields map[string]any

// Node is what a peer program has to provide. Dial and Send may block: they run
// beside other commands, and the sends to one peer stay in order.
type Node interface {
	Start(*Command) (Fields, error)
	Dial(*Command) error
	Send(*Command, []byte) error
	Disconnect(*Command) error
	Stop() error
}

// Extra is implemented by nodes that know further operations.
type Extra interface {
	Extra(*Command) (Fields, error)
}

// Failure is an error with details that a script can test.
type Failure struct {
	Kind   string // "too_big", "invalid", "closed", "connect", "handshake"
	Reason *int   // the disconnect reason, when there was one
	Err    error
}

func (f *Failure) Error() string { return f.Err.Error() }

// Out writes events; every method may be called from any goroutine.
type Out struct {
	mu  sync.Mutex
	enc *json.Encoder
}

// Say writes one event.
func (o *Out) Say(ev string, f Fields) {
	line := Fields{"ev": ev}
	for k, v := range f {
		line[k] = v
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.enc.Encode(line) != nil {
		os.Exit(1) // nobody listens any more
	}
}

func (o *Out) reply(c *Command, f Fields, err error) {
	line := Fields{"tag": c.Tag}
	for k, v := range f {
		line[k] = v
	}
	if err == nil {
		o.Say("ok", line)
		return
	}
	line["error"] = err.Error()
	var fail *Failure
	if errors.As(err, &fail) {
		line["kind"] = fail.Kind
		if fail.Reason != nil {
			line["reason"] = *fail.Reason
		}
	}
	o.Say("fail", line)
}

// Speak runs a node until standard input ends.
func Speak(make func(*Out) Node) {
	out := &Out{enc: json.NewEncoder(os.Stdout)}
	node := make(out)
	sends := newQueues()
	fault := ""
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	for in.Scan() {
		c := new(Command)
		if err := json.Unmarshal(in.Bytes(), c); err != nil {
			out.Say("error", Fields{"error": err.Error()})
			continue
		}
		switch c.Op {
		case "start":
			fault = c.Fault
			f, err := node.Start(c)
			out.reply(c, f, err)
		case "dial":
			go func() { out.reply(c, nil, node.Dial(c)) }()
		case "send":
			f := fault
			sends.add(c.ID, func() { send(node, out, c, f) })
		case "disconnect":
			out.reply(c, nil, node.Disconnect(c))
		case "stop":
			out.reply(c, nil, node.Stop())
		default:
			if x, ok := node.(Extra); ok {
				f, err := x.Extra(c)
				out.reply(c, f, err)
			} else {
				out.reply(c, nil, errors.New("unknown op "+c.Op))
			}
		}
	}
	node.Stop()
}

func send(node Node, out *Out, c *Command, fault string) {
	payload, err := c.Payload()
	if err != nil {
		out.reply(c, nil, err)
		return
	}
	told := describe(payload) // before a fault spoils it: this is what was asked for
	for _, m := range spoil(fault, c, payload) {
		if err = node.Send(c, m); err != nil {
			break
		}
	}
	out.reply(c, told, err)
}

// queues run jobs in order for each key.
type queues struct{ m map[string]chan func() }

func newQueues() *queues { return &queues{make(map[string]chan func())} }

func (q *queues) add(key string, job func()) {
	ch := q.m[key]
	if ch == nil {
		ch = make(chan func(), 4096)
		q.m[key] = ch
		go func() {
			for job := range ch {
				job()
			}
		}()
	}
	ch <- job
}
