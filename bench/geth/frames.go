// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"net"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/rlpx"
)

// tape is a connection in memory: it plays one buffer and records another.
type tape struct {
	in, out bytes.Buffer
}

func (t *tape) Read(p []byte) (int, error)       { return t.in.Read(p) }
func (t *tape) Write(p []byte) (int, error)      { return t.out.Write(p) }
func (t *tape) Close() error                     { return nil }
func (t *tape) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (t *tape) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (t *tape) SetDeadline(time.Time) error      { return nil }
func (t *tape) SetReadDeadline(time.Time) error  { return nil }
func (t *tape) SetWriteDeadline(time.Time) error { return nil }

// ready is a connection after its handshake.
func ready(t *tape) *rlpx.Conn {
	key := bytes.Repeat([]byte{1}, 32)
	conn := rlpx.NewConn(t, nil)
	conn.InitWithSecrets(rlpx.Secrets{
		AES:        key,
		MAC:        key,
		EgressMAC:  crypto.NewKeccakState(),
		IngressMAC: crypto.NewKeccakState(),
	})
	return conn
}

// write makes frames of so many bytes, the message id included.
func write(conn *rlpx.Conn, size, frames int) {
	payload := make([]byte, size-1)
	for range frames {
		_, err := conn.Write(0x10, payload)
		must(err)
	}
}

func seal(m *meter, size, frames int) {
	var t tape
	t.out.Grow(frames * (size + 64))
	conn := ready(&t)
	m.start()
	write(conn, size, frames)
	m.stop(frames)
}

func open(m *meter, size, frames int) {
	var from, to tape
	write(ready(&from), size, frames)
	to.in = from.out
	conn := ready(&to)
	m.start()
	for range frames {
		_, _, _, err := conn.Read()
		must(err)
	}
	m.stop(frames)
}

func keccak(m *meter, size int) {
	data := make([]byte, size)
	m.start()
	crypto.Keccak256(data)
	m.stop(1)
}
