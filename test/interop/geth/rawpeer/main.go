// SPDX-License-Identifier: MIT

// A peer on the bare RLPx transport: the language of the scripted peer, and what a
// p2p.Server never does. It judges nobody: no limit, no identity or capability check.
//
//	start  p2p: 4 speaks the base protocol without compression; helloKey claims the
//	       identity of that key; mute reads nothing after Hello until `listen`
//	raw    sends any message id as it is; plain leaves it uncompressed (mute links only)
//	hello  sends another Hello
//	listen lets a mute link read
package main

import (
	"crypto/ecdsa"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"interop/gopeer"
)

type node struct {
	out   *gopeer.Out
	start gopeer.Command
	key   *ecdsa.PrivateKey
	named *ecdsa.PrivateKey // the identity in Hello
	ln    net.Listener

	mu    sync.Mutex
	links map[*link]bool
}

func main() {
	gopeer.Speak(func(out *gopeer.Out) gopeer.Node { return &node{out: out} })
}

func (n *node) Start(c *gopeer.Command) (gopeer.Fields, error) {
	var err error
	if n.key, err = gopeer.ParseKey(c.Key); err != nil {
		return nil, err
	}
	n.named = n.key
	if c.HelloKey != "" {
		if n.named, err = crypto.HexToECDSA(c.HelloKey); err != nil {
			return nil, err
		}
	}
	if n.ln, err = net.Listen("tcp", c.Listen); err != nil {
		return nil, err
	}
	n.start, n.links = *c, make(map[*link]bool)
	if n.start.P2P == 0 {
		n.start.P2P = snappyVersion
	}
	go n.accept(n.ln)
	return gopeer.Identity(n.key, n.ln.Addr()), nil
}

func (n *node) accept(ln net.Listener) {
	for {
		fd, err := ln.Accept()
		if err != nil {
			return
		}
		go func() {
			if err := n.connect(fd, nil); err != nil {
				n.out.Say("refused", gopeer.Refusal(err))
			}
		}()
	}
}

func (n *node) Dial(c *gopeer.Command) error {
	dest, err := enode.ParseV4(c.Enode)
	if err != nil {
		return err
	}
	addr := &net.TCPAddr{IP: dest.IP(), Port: dest.TCP()}
	fd, err := net.DialTimeout("tcp", addr.String(), 15*time.Second)
	if err != nil {
		return &gopeer.Failure{Kind: "connect", Err: err}
	}
	return n.connect(fd, dest.Pubkey())
}

// connect runs both handshakes and leaves the link to its reader.
func (n *node) connect(fd net.Conn, dest *ecdsa.PublicKey) error {
	l, err := n.handshake(fd, dest)
	if err != nil {
		fd.Close()
		return err
	}
	n.mu.Lock()
	n.links[l] = true
	n.mu.Unlock()
	n.out.Say("peer", gopeer.Fields{
		"id": l.id, "name": l.hello.Name, "caps": l.capNames(), "inbound": dest == nil,
		"p2p": l.hello.Version, "own": l.ownIdentity(),
	})
	go func() {
		closed := l.read()
		n.mu.Lock()
		delete(n.links, l)
		n.mu.Unlock()
		n.out.Say("closed", closed)
	}()
	return nil
}

func (n *node) find(id string) (*link, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var found *link
	for l := range n.links {
		if id == "" || l.id == id {
			if found != nil {
				return nil, errors.New("more than one such peer")
			}
			found = l
		}
	}
	if found == nil {
		return nil, &gopeer.Failure{Kind: "closed", Err: errors.New("no such peer")}
	}
	return found, nil
}

func (n *node) Send(c *gopeer.Command, payload []byte) error {
	l, err := n.find(c.ID)
	if err != nil {
		return err
	}
	r := l.running(c.Cap)
	if r == nil {
		return errors.New("no such shared protocol: " + c.Cap)
	}
	if c.Code >= r.Length {
		return &gopeer.Failure{Kind: "invalid", Err: errors.New("code out of range")}
	}
	return l.write(r.offset+c.Code, payload)
}

func (n *node) Disconnect(c *gopeer.Command) error {
	l, err := n.find(c.ID)
	if err == nil {
		l.hangUp(c.Reason)
	}
	return err
}

func (n *node) Extra(c *gopeer.Command) (gopeer.Fields, error) {
	l, err := n.find(c.ID)
	if err != nil {
		return nil, err
	}
	switch c.Op {
	case "raw":
		payload, err := c.Payload()
		if err != nil {
			return nil, err
		}
		if c.Plain {
			return nil, l.writePlain(c.Code, payload)
		}
		return nil, l.write(c.Code, payload)
	case "hello":
		return nil, l.greet()
	case "listen":
		l.unmute()
		return nil, nil
	}
	return nil, errors.New("unknown op " + c.Op)
}

func (n *node) Stop() error {
	if n.ln == nil {
		return nil
	}
	n.ln.Close()
	n.mu.Lock()
	defer n.mu.Unlock()
	for l := range n.links {
		l.unmute()
		go l.hangUp(quitting)
	}
	return nil
}
