// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/ethereum/go-ethereum/rlp"
	"github.com/holiman/uint256"
)

// The structure of rlp.c.  Numbers of 256 bits are uint256.Int, the fastest that
// package rlp knows.
type header struct {
	Parent, Uncles         [32]byte
	Coinbase               [20]byte
	State, Txs, Receipts   [32]byte
	Bloom                  [256]byte
	Difficulty             *uint256.Int
	Number, Limit, Used, T uint64
	Extra                  []byte
	Mix                    [32]byte
	Nonce                  [8]byte
}

type tx struct {
	Nonce uint64
	Price *uint256.Int
	Gas   uint64
	To    [20]byte
	Value *uint256.Int
	Data  []byte
	V     uint64
	R, S  *uint256.Int
}

type block struct {
	Header header
	Txs    []tx
	Uncles []header
}

// A maker makes the same numbers as rlp.c.
type maker struct {
	seed     uint64
	calldata []byte
}

func (k *maker) fill(at []byte) {
	for i := range at {
		k.seed = k.seed*6364136223846793005 + 1442695040888963407
		at[i] = byte(k.seed >> 56)
	}
}

func (k *maker) number(n int) *uint256.Int {
	data := make([]byte, n)
	k.fill(data)
	data[0] |= 0x80
	return new(uint256.Int).SetBytes(data)
}

func (k *maker) header(n uint64) (h header) {
	k.fill(h.Parent[:])
	k.fill(h.Uncles[:])
	k.fill(h.Coinbase[:])
	k.fill(h.State[:])
	k.fill(h.Txs[:])
	k.fill(h.Receipts[:])
	k.fill(h.Bloom[:])
	h.Difficulty = k.number(7)
	h.Number = 12000000 + n
	h.Limit = 15000000
	h.Used = 14980000 + n
	h.T = 1615000000 + n
	h.Extra = k.calldata[:24]
	k.fill(h.Mix[:])
	k.fill(h.Nonce[:])
	return h
}

func (k *maker) tx(n uint64) (t tx) {
	t.Nonce = n * 17
	t.Price = k.number(5)
	t.Gas = 21000 + n
	k.fill(t.To[:])
	t.Value = k.number(9 - int(n%2))
	if n%3 == 0 {
		t.Data = k.calldata
	}
	t.V = 37 + n%2
	t.R = k.number(32)
	t.S = k.number(32)
	return t
}

var (
	thisBlock = makeBlock()
	encoded   = encodeBlock(new(bytes.Buffer))
)

func makeBlock() *block {
	k := &maker{seed: 1, calldata: make([]byte, 68)}
	k.fill(k.calldata)
	b := &block{Header: k.header(0)}
	for i := range uint64(200) {
		b.Txs = append(b.Txs, k.tx(i))
	}
	for i := range uint64(2) {
		b.Uncles = append(b.Uncles, k.header(i+1))
	}
	return b
}

func encodeBlock(to *bytes.Buffer) []byte {
	to.Reset()
	must(rlp.Encode(to, thisBlock))
	return to.Bytes()
}

// rlpEncode writes into a buffer that is there already, as ours does.
func rlpEncode(m *meter) {
	var to bytes.Buffer
	encodeBlock(&to)
	m.start()
	for range 400 {
		encodeBlock(&to)
	}
	m.stop(400)
}

func rlpDecode(m *meter) {
	var b block
	m.start()
	for range 400 {
		b = block{}
		must(rlp.DecodeBytes(encoded, &b))
	}
	m.stop(400)
	if len(b.Txs) != 200 || !b.Txs[199].S.Eq(thisBlock.Txs[199].S) || !slices.Equal(b.Header.Extra, thisBlock.Header.Extra) {
		must(fmt.Errorf("decoded something else"))
	}
}

// rlpBytes tells the length and 48 bits of FNV-1a.
func rlpBytes() string {
	sum := uint64(0xcbf29ce484222325)
	for _, c := range encoded {
		sum = (sum ^ uint64(c)) * 0x100000001b3
	}
	return fmt.Sprintf("%d %012x", len(encoded), sum>>16)
}
