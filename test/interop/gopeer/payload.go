// SPDX-License-Identifier: MIT

package gopeer

import (
	"crypto/sha256"
	"crypto/sha3"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/ethereum/go-ethereum/rlp"
)

// Content says what a message carries. Size and the generated kinds count the bytes
// after the message id, which need not be RLP.
type Content struct {
	Form  string `json:"form"`  // list, bare, hex, zeros, random
	Value string `json:"value"` // list, bare: one string
	Hex   string `json:"hex"`
	Size  int    `json:"size"`
	Seed  int    `json:"seed"`
}

// Payload makes the bytes. "random" is SHAKE128 of the seed in decimal: one call in
// every language's library, so each end can compute what it should have got.
func (c *Content) Payload() ([]byte, error) {
	switch c.Form {
	case "list":
		return rlp.EncodeToBytes([]string{c.Value})
	case "bare":
		return rlp.EncodeToBytes(c.Value)
	case "hex":
		return hex.DecodeString(c.Hex)
	case "zeros":
		return make([]byte, c.Size), nil
	case "random":
		return sha3.SumSHAKE128([]byte(strconv.Itoa(c.Seed)), c.Size), nil
	}
	return nil, fmt.Errorf("unknown form %q", c.Form)
}

// describe tells a payload: its bytes when they are few, else what identifies them.
func describe(p []byte) Fields {
	sum := sha256.Sum256(p)
	f := Fields{"size": len(p), "sha256": hex.EncodeToString(sum[:])}
	if len(p) <= 64 {
		f["hex"] = hex.EncodeToString(p)
	}
	return f
}

// Message is the event of a received message.
func Message(id, cap string, version uint, code uint64, p []byte) Fields {
	f := describe(p)
	f["id"], f["cap"], f["version"], f["code"] = id, cap, version, code
	return f
}
