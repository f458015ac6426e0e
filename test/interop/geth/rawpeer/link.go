// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"net"
	"sort"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/rlpx"
	"github.com/ethereum/go-ethereum/rlp"
	"interop/gopeer"
)

// Messages of the base protocol, and where the others begin.
const (
	msgHello = iota
	msgDisconnect
	msgPing
	msgPong
	baseLength = 16
)

const (
	snappyVersion = 5 // the base protocol version that brought compression
	quitting      = 8
	lingerFor     = 2 * time.Second
)

type hello struct {
	Version    uint64
	Name       string
	Caps       []p2p.Cap
	ListenPort uint64
	ID         []byte
	Rest       []rlp.RawValue `rlp:"tail"`
}

// running is a shared protocol and its first message id.
type running struct {
	gopeer.Cap
	offset uint64
}

type link struct {
	node   *node
	fd     net.Conn
	conn   *rlpx.Conn
	key    []byte // the remote key of the handshake
	id     string // its hash
	hello  hello
	snappy bool
	shared []*running

	listen chan struct{} // closed when the link may read
	once   sync.Once

	mu   sync.Mutex // guards writing and said
	said *int       // the reason we gave
}

func (n *node) handshake(fd net.Conn, dest *ecdsa.PublicKey) (*link, error) {
	l := &link{node: n, fd: fd, conn: rlpx.NewConn(fd, dest), listen: make(chan struct{})}
	fd.SetDeadline(time.Now().Add(5 * time.Second))
	remote, err := l.conn.Handshake(n.key)
	if err != nil {
		return nil, &gopeer.Failure{Kind: "handshake", Err: err}
	}
	l.key = crypto.FromECDSAPub(remote)[1:]
	l.id = fmt.Sprintf("%x", crypto.Keccak256(l.key))

	wrote := make(chan error, 1)
	go func() { wrote <- l.greet() }()
	code, data, _, err := l.conn.Read()
	if err != nil {
		return nil, &gopeer.Failure{Kind: "handshake", Err: err}
	}
	if code == msgDisconnect {
		r := disconnectReason(data)
		return nil, &gopeer.Failure{Kind: "handshake", Reason: &r, Err: errors.New("disconnected before Hello")}
	}
	if err := rlp.DecodeBytes(data, &l.hello); err != nil {
		return nil, &gopeer.Failure{Kind: "handshake", Err: err}
	}
	if err := <-wrote; err != nil {
		return nil, &gopeer.Failure{Kind: "handshake", Err: err}
	}
	fd.SetDeadline(time.Time{})
	l.snappy = l.hello.Version >= snappyVersion && n.start.P2P >= snappyVersion
	l.conn.SetSnappy(l.snappy)
	l.shared = match(n.start.Caps, l.hello.Caps)
	if !n.start.Mute {
		l.unmute()
	}
	return l, nil
}

// match gives each shared name its highest common version and its ids, in the order
// of the names.
func match(ours []gopeer.Cap, theirs []p2p.Cap) []*running {
	best := make(map[string]*running)
	for _, o := range ours {
		for _, t := range theirs {
			if o.Name != t.Name || o.Version != t.Version {
				continue
			}
			if b := best[o.Name]; b == nil || b.Version < o.Version {
				best[o.Name] = &running{Cap: o}
			}
		}
	}
	var all []*running
	for _, r := range best {
		all = append(all, r)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	next := uint64(baseLength)
	for _, r := range all {
		r.offset = next
		next += r.Length
	}
	return all
}

func (l *link) running(name string) *running {
	for _, r := range l.shared {
		if r.Name == name {
			return r
		}
	}
	return nil
}

func (l *link) capNames() []string {
	names := []string{}
	for _, c := range l.hello.Caps {
		names = append(names, c.String())
	}
	return names
}

// ownIdentity reports whether Hello named the key of the handshake.
func (l *link) ownIdentity() bool { return bytes.Equal(l.hello.ID, l.key) }

func (l *link) greet() error {
	n := l.node
	h := hello{
		Version: n.start.P2P,
		Name:    gopeer.SpoilName(n.start.Fault, n.start.Name),
		ID:      crypto.FromECDSAPub(&n.named.PublicKey)[1:],
	}
	for _, c := range n.start.Caps {
		h.Caps = append(h.Caps, p2p.Cap{Name: c.Name, Version: c.Version})
	}
	sort.Slice(h.Caps, func(i, j int) bool { return h.Caps[i].Cmp(h.Caps[j]) < 0 })
	data, err := rlp.EncodeToBytes(&h)
	if err != nil {
		return err
	}
	return l.write(msgHello, data)
}

func (l *link) write(code uint64, data []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.writeLocked(code, data)
}

func (l *link) writeLocked(code uint64, data []byte) error {
	l.conn.SetWriteDeadline(time.Now().Add(20 * time.Second))
	_, err := l.conn.Write(code, data)
	return gopeer.SendFailure(err)
}

// writePlain sends a message without compression. The switch is one for both
// directions, so nothing may be reading.
func (l *link) writePlain(code uint64, data []byte) error {
	select {
	case <-l.listen:
		return errors.New("plain messages need a mute link")
	default:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn.SetSnappy(false)
	defer l.conn.SetSnappy(l.snappy)
	return l.writeLocked(code, data)
}

func (l *link) unmute() { l.once.Do(func() { close(l.listen) }) }

// read tells what arrives until the connection ends, and returns how it ended.
func (l *link) read() gopeer.Fields {
	<-l.listen
	defer l.fd.Close()
	for {
		code, data, _, err := l.conn.Read()
		said := l.saying()
		switch {
		case err != nil && said != nil:
			return gopeer.Fields{"id": l.id, "reason": *said, "by": "us"}
		case err != nil:
			return gopeer.Fields{"id": l.id, "reason": nil, "by": "network", "error": err.Error()}
		case said != nil:
			// We have said goodbye: what still comes is read and dropped, so that
			// the kernel has no reason to answer it with a reset.
		case code == msgDisconnect:
			return gopeer.Fields{"id": l.id, "reason": disconnectReason(data), "by": "them"}
		case code < baseLength:
			l.base(code, data)
		default:
			l.message(code, data)
		}
	}
}

func (l *link) saying() *int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.said
}

func (l *link) base(code uint64, data []byte) {
	if code == msgPing {
		l.write(msgPong, []byte{0xc0})
	}
	l.node.out.Say("base", gopeer.Message(l.id, "", 0, code, data))
}

func (l *link) message(code uint64, data []byte) {
	for _, r := range l.shared {
		if code < r.offset || code >= r.offset+r.Length {
			continue
		}
		code -= r.offset
		if gopeer.SpoilArrival(l.node.start.Fault) {
			l.hangUp(0)
			return
		}
		l.node.out.Say("msg", gopeer.Message(l.id, r.Name, r.Version, code, data))
		switch {
		case r.Bye != nil && r.Bye.Code == code:
			l.hangUp(r.Bye.Reason)
		case r.Echo:
			l.write(r.offset+code, data)
		}
		return
	}
	l.node.out.Say("error", gopeer.Fields{"id": l.id, "error": fmt.Sprintf("message id %d is nobody's", code)})
}

// hangUp gives the reason and shuts the write side; the reader ends with the peer.
func (l *link) hangUp(reason int) {
	reason = gopeer.SpoilReason(l.node.start.Fault, reason)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said = &reason
	data, _ := rlp.EncodeToBytes([]uint{uint(reason)})
	l.writeLocked(msgDisconnect, data)
	if l.node.start.Fault == gopeer.FaultRude {
		l.fd.Close()
		return
	}
	l.fd.(*net.TCPConn).CloseWrite()
	l.fd.SetReadDeadline(time.Now().Add(lingerFor))
}

// disconnectReason reads a list of one number or the bare number; -1 is neither.
func disconnectReason(data []byte) int {
	var list [1]uint // of bytes it would be a string
	if rlp.DecodeBytes(data, &list) == nil {
		return int(list[0])
	}
	var bare uint
	if rlp.DecodeBytes(data, &bare) == nil {
		return int(bare)
	}
	return -1
}
