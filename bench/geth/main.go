// SPDX-License-Identifier: MIT

// Command geth measures go-ethereum's public packages as the C programs beside
// it measure ours: it reads names from stdin and answers each with the CPU time
// of one operation in ns, that of the garbage collector included.
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"syscall"
	"time"
)

// trial is as long as one of trial.c.
const trial = 60 * time.Millisecond

// A meter adds up the time between start and stop.
type meter struct {
	began, spent time.Duration
	ops          int
}

func cpu() time.Duration {
	var u syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func (m *meter) start()       { m.began = cpu() }
func (m *meter) stop(ops int) { m.spent += cpu() - m.began; m.ops += ops }

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

var things = map[string]func(*meter){
	"seal_100":  func(m *meter) { seal(m, 100, 4000) },
	"open_100":  func(m *meter) { open(m, 100, 4000) },
	"seal_1m":   func(m *meter) { seal(m, 1<<20, 8) },
	"open_1m":   func(m *meter) { open(m, 1<<20, 8) },
	"keccak_1m": func(m *meter) { keccak(m, 1<<20) },
	"initiator": initiator,
	"responder": responder,

	"rlp_encode": rlpEncode,
	"rlp_decode": rlpDecode,
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "peers" {
		peers()
		return
	}
	if len(os.Args) == 3 && os.Args[1] == "node" {
		node(number(os.Args[2]))
		return
	}
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		if in.Text() == "rlp_bytes" {
			fmt.Println(rlpBytes())
			continue
		}
		run, ok := things[in.Text()]
		if !ok {
			log.Fatalf("nothing is called %s", in.Text())
		}
		var warm, m meter
		run(&warm)
		for m.spent < trial {
			run(&m)
		}
		fmt.Printf("%.1f\n", float64(m.spent.Nanoseconds())/float64(m.ops))
	}
}
