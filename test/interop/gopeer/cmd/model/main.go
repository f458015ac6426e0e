// SPDX-License-Identifier: MIT

// The model program: a p2p server with one protocol that answers "foo" with "bar".
//
//	model -form 1|2 [-listen ADDR] [-dial ENODE] [-send list|bare|none]
//
// Form 1 decodes a list of one string, form 2 a bare string: the two forms of the
// program that users of the Go package know. Both answer with SendItems, a list.
// Lines: "self ENODE", "peer ID NAME", "recv: TEXT", "decode error: ...", "gone ID".
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"
)

const messageId = 0

type message string

var (
	form   = flag.Int("form", 2, "1: list of one string, 2: bare string")
	listen = flag.String("listen", "127.0.0.1:0", "TCP address")
	dial   = flag.String("dial", "", "enode URL to connect to")
	send   = flag.String("send", "none", "list, bare or none: how to say foo first")
)

func decode(msg p2p.Msg) (message, error) {
	if *form == 1 {
		var m [1]message
		err := msg.Decode(&m)
		return m[0], err
	}
	var m message
	err := msg.Decode(&m)
	return m, err
}

func sayFoo(ws p2p.MsgReadWriter) error {
	switch *send {
	case "list":
		return p2p.SendItems(ws, messageId, "foo")
	case "bare":
		return p2p.Send(ws, messageId, "foo")
	}
	return nil
}

func msgHandler(peer *p2p.Peer, ws p2p.MsgReadWriter) error {
	fmt.Println("peer", peer.ID(), peer.Name())
	defer fmt.Println("gone", peer.ID())
	if err := sayFoo(ws); err != nil {
		return err
	}
	for {
		msg, err := ws.ReadMsg()
		if err != nil {
			return err
		}
		m, err := decode(msg)
		if err != nil {
			fmt.Println("decode error:", err)
			continue
		}
		switch m {
		case "foo":
			if err := p2p.SendItems(ws, messageId, "bar"); err != nil {
				return err
			}
		default:
			fmt.Println("recv:", m)
		}
	}
}

func main() {
	flag.Parse()
	nodekey, err := crypto.GenerateKey()
	if err != nil {
		fail(err)
	}
	srv := p2p.Server{Config: p2p.Config{
		MaxPeers:    10,
		PrivateKey:  nodekey,
		Name:        "my node name",
		ListenAddr:  *listen,
		NoDiscovery: true,
		Protocols:   []p2p.Protocol{{Name: "MyProtocol", Version: 1, Length: 1, Run: msgHandler}},
	}}
	if err := srv.Start(); err != nil {
		fail(err)
	}
	fmt.Println("self", srv.Self().URLv4())
	if *dial != "" {
		node, err := enode.ParseV4(*dial)
		if err != nil {
			fail(err)
		}
		srv.AddPeer(node)
	}
	// Runs until its input ends, so that it never outlives the suite.
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
	}
	srv.Stop()
}

func fail(err error) {
	fmt.Println(err)
	os.Exit(1)
}
