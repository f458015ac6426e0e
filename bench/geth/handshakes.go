// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"io"
	"net"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/rlpx"
)

// The packets of one handshake are recorded once and played again: an ack
// answers any auth of the same node.  So each side is measured alone.
var (
	nearKey, _ = crypto.GenerateKey()
	farKey, _  = crypto.GenerateKey()
	auth, ack  = record()
)

// tap is a connection that keeps what goes out.
type tap struct {
	net.Conn
	sent bytes.Buffer
}

func (t *tap) Write(p []byte) (int, error) {
	t.sent.Write(p)
	return t.Conn.Write(p)
}

func record() (auth, ack []byte) {
	a, b := net.Pipe()
	near, far := &tap{Conn: a}, &tap{Conn: b}
	done := make(chan error)
	go func() {
		_, err := rlpx.NewConn(far, nil).Handshake(farKey)
		done <- err
	}()
	_, err := rlpx.NewConn(near, &farKey.PublicKey).Handshake(nearKey)
	must(err)
	must(<-done)
	return near.sent.Bytes(), far.sent.Bytes()
}

func initiator(m *meter) {
	var t tape
	t.in.Write(ack)
	conn := rlpx.NewConn(&t, &farKey.PublicKey)
	m.start()
	_, err := conn.Handshake(nearKey)
	m.stop(1)
	must(err)
	must(all(&t))
}

func responder(m *meter) {
	var t tape
	t.in.Write(auth)
	conn := rlpx.NewConn(&t, nil)
	m.start()
	_, err := conn.Handshake(farKey)
	m.stop(1)
	must(err)
	must(all(&t))
}

// all makes sure that the whole packet was taken.
func all(t *tape) error {
	if t.in.Len() > 0 {
		return io.ErrShortBuffer
	}
	return nil
}
