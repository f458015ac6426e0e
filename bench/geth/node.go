// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"
)

// The codes of guests.h.
const (
	codeEcho = iota
	codeSink
	codeCount
	codeHash
	codes
)

var (
	senders = make(chan p2p.MsgReadWriter, 64) // those on "echo"
	counted = make(chan bool, 64)
)

// answer reads one message and does what its code says.  An echo is handed on as
// it is, without a copy.
func answer(rw p2p.MsgReadWriter, messages, total *uint64) error {
	msg, err := rw.ReadMsg()
	if err != nil {
		return err
	}
	switch msg.Code {
	case codeEcho:
		return rw.WriteMsg(p2p.Msg{Code: codeEcho, Size: msg.Size, Payload: msg.Payload})
	case codeSink:
		*messages++
		*total += uint64(msg.Size)
		return msg.Discard()
	case codeCount:
		if msg.Size > 0 {
			counted <- true
			return msg.Discard()
		}
		out := binary.BigEndian.AppendUint64(nil, *messages)
		return say(rw, codeCount, binary.BigEndian.AppendUint64(out, *total))
	default:
		data, err := io.ReadAll(msg.Payload)
		must(err)
		sum := sha256.Sum256(data)
		return say(rw, codeHash, sum[:])
	}
}

func say(rw p2p.MsgReadWriter, code uint64, data []byte) error {
	return rw.WriteMsg(p2p.Msg{Code: code, Size: uint32(len(data)), Payload: bytes.NewReader(data)})
}

func protocol(name string) p2p.Protocol {
	return p2p.Protocol{
		Name:    name,
		Version: 1,
		Length:  codes,
		Run: func(_ *p2p.Peer, rw p2p.MsgReadWriter) (err error) {
			var messages, total uint64
			if name == "echo" {
				select {
				case senders <- rw:
				default:
				}
			}
			for err == nil {
				err = answer(rw, &messages, &total)
			}
			return err
		},
	}
}

// content is the first size bytes of a file.
func content(path string, size int) []byte {
	f, err := os.Open(path)
	must(err)
	data := make([]byte, size)
	_, err = io.ReadFull(f, data)
	must(err)
	must(f.Close())
	return data
}

// sendAll sends n messages to each of peers peers, which all count them.
func sendAll(to []p2p.MsgReadWriter, data []byte, n int) time.Duration {
	began := time.Now()
	for _, rw := range to {
		go func() {
			for range n {
				must(say(rw, codeSink, data))
			}
			must(say(rw, codeCount, nil))
		}()
	}
	for range to {
		<-counted
	}
	return time.Since(began)
}

// spread sends one message to each; go-ethereum compresses it for each.
func spread(to []p2p.MsgReadWriter, data []byte) int {
	done := make(chan bool)
	for _, rw := range to {
		go func() {
			must(say(rw, codeSink, data))
			done <- true
		}()
	}
	for range to {
		<-done
	}
	return len(to)
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	must(err)
	return n
}

// node is node.c: a server that does what the lines of stdin say.
func node(peers int) {
	key, err := crypto.GenerateKey()
	must(err)
	srv := &p2p.Server{Config: p2p.Config{
		PrivateKey:  key,
		Name:        "bench",
		MaxPeers:    peers,
		NoDiscovery: true,
		ListenAddr:  "127.0.0.1:0",
		Protocols:   []p2p.Protocol{protocol("echo"), protocol("side")},
		DialRatio:   1000,
	}}
	must(srv.Start())
	defer srv.Stop()
	fmt.Println(srv.NodeInfo().Enode)
	var to []p2p.MsgReadWriter
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		for len(senders) > 0 {
			to = append(to, <-senders)
		}
		word := bytes.Fields(in.Bytes())
		text := func(i int) string { return string(word[i]) }
		switch text(0) {
		case "usage":
			fmt.Println(cpu().Nanoseconds(), srv.PeerCount())
		case "dial":
			url := enode.MustParse(text(1))
			srv.AddPeer(url)
			to = append(to, <-senders)
			fmt.Println(srv.PeerCount())
		case "send":
			data := content(text(1), number(text(2)))
			fmt.Println(sendAll(to, data, number(text(3))).Nanoseconds())
		case "spread":
			fmt.Println(spread(to, content(text(1), number(text(2)))))
		default:
			log.Fatalf("not understood: %s", in.Text())
		}
	}
}
