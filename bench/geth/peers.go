// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p"
)

// idle is a protocol that waits for a message that never comes.
var idle = p2p.Protocol{
	Name:    "idle",
	Version: 1,
	Length:  1,
	Run: func(_ *p2p.Peer, rw p2p.MsgReadWriter) error {
		_, err := rw.ReadMsg()
		return err
	},
}

// peers serves as many peers as come; it prints its URL, and for each line of
// stdin: peers, bytes of heap and stacks in use, resident bytes, ns of CPU.
func peers() {
	key, err := crypto.GenerateKey()
	must(err)
	srv := &p2p.Server{Config: p2p.Config{
		PrivateKey:  key,
		Name:        "bench",
		MaxPeers:    100000,
		NoDiscovery: true,
		NoDial:      true,
		ListenAddr:  "127.0.0.1:0",
		Protocols:   []p2p.Protocol{idle},
	}}
	must(srv.Start())
	fmt.Println(srv.NodeInfo().Enode)
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		runtime.GC()
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		fmt.Println(srv.PeerCount(), s.HeapAlloc+s.StackInuse, resident(), cpu().Nanoseconds())
	}
	srv.Stop()
}

// resident is the second number of /proc/self/statm, in bytes.
func resident() int {
	text, err := os.ReadFile("/proc/self/statm")
	must(err)
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	must(err)
	return pages * os.Getpagesize()
}
