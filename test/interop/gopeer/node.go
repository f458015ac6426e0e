// SPDX-License-Identifier: MIT

package gopeer

import (
	"bytes"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/event"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"
)

// The connection flags of Server.SetupConn; their type is not exported, their values
// have not changed.
const (
	dialled = 1
	inbound = 4
)

// node is a p2p.Server under the control of a script. It listens and dials itself and
// hands the sockets to SetupConn, as the server's own loops do, because only SetupConn
// tells why a handshake failed.
type node struct {
	out   *Out
	fault string
	caps  []Cap
	srv   *p2p.Server
	ln    net.Listener
	sub   event.Subscription

	mu    sync.Mutex
	links map[string]*link // by remote address
	gone  sync.Cond        // a link has been removed
}

// link is one connected peer: the message streams of its shared protocols.
type link struct {
	peer   *p2p.Peer
	rw     map[string]p2p.MsgReadWriter
	shared int           // protocols that will run
	ready  chan struct{} // closed once all of them do
	said   *int          // the reason we gave, if we gave one
}

// NewNode makes a node that is not started.
func NewNode(out *Out) Node {
	n := &node{out: out}
	n.gone.L = &n.mu
	return n
}

// ParseKey reads a private key in hex, or makes one.
func ParseKey(s string) (*ecdsa.PrivateKey, error) {
	if s == "" {
		return crypto.GenerateKey()
	}
	return crypto.HexToECDSA(s)
}

// Identity tells the URL and the id of a key that listens at addr.
func Identity(key *ecdsa.PrivateKey, addr net.Addr) Fields {
	tcp := addr.(*net.TCPAddr)
	n := enode.NewV4(&key.PublicKey, tcp.IP, tcp.Port, 0)
	return Fields{"enode": n.URLv4(), "id": n.ID().String()}
}

func (n *node) Start(c *Command) (Fields, error) {
	key, err := ParseKey(c.Key)
	if err != nil {
		return nil, err
	}
	n.fault, n.caps, n.links = c.Fault, c.Caps, make(map[string]*link)
	cfg := p2p.Config{
		PrivateKey:  key,
		Name:        SpoilName(c.Fault, c.Name),
		MaxPeers:    c.MaxPeers,
		NoDiscovery: true,
	}
	if cfg.MaxPeers == 0 {
		cfg.MaxPeers = 50
	}
	for _, cap := range c.Caps {
		cap := cap
		cfg.Protocols = append(cfg.Protocols, p2p.Protocol{
			Name: cap.Name, Version: cap.Version, Length: cap.Length,
			Run: func(p *p2p.Peer, rw p2p.MsgReadWriter) error { return n.run(cap, p, rw) },
		})
	}
	if n.ln, err = net.Listen("tcp", c.Listen); err != nil {
		return nil, err
	}
	n.srv = &p2p.Server{Config: cfg}
	if err := n.srv.Start(); err != nil {
		n.ln.Close()
		return nil, err
	}
	events := make(chan *p2p.PeerEvent, 1024)
	n.sub = n.srv.SubscribeEvents(events)
	go n.watch(events, n.sub)
	go n.accept(n.srv, n.ln)
	return Identity(key, n.ln.Addr()), nil
}

func (n *node) accept(srv *p2p.Server, ln net.Listener) {
	for {
		fd, err := ln.Accept()
		if err != nil {
			return
		}
		go func() {
			if err := srv.SetupConn(fd, inbound, nil); err != nil {
				n.out.Say("refused", Refusal(err))
			}
		}()
	}
}

func (n *node) Dial(c *Command) error {
	dest, err := enode.ParseV4(c.Enode)
	if err != nil {
		return err
	}
	if c.Keep {
		n.srv.AddPeer(dest)
		return nil
	}
	addr := &net.TCPAddr{IP: dest.IP(), Port: dest.TCP()}
	fd, err := net.DialTimeout("tcp", addr.String(), 15*time.Second)
	if err != nil {
		return &Failure{Kind: "connect", Err: err}
	}
	if err = n.srv.SetupConn(fd, dialled, dest); err != nil {
		return &Failure{Kind: "handshake", Reason: reasonOf(err.Error()), Err: err}
	}
	return nil
}

// run is the handler of every protocol. No message is told before the peer is.
func (n *node) run(cap Cap, p *p2p.Peer, rw p2p.MsgReadWriter) error {
	l := n.join(p, cap.Name, rw)
	<-l.ready
	for {
		msg, err := rw.ReadMsg()
		if err != nil {
			return err
		}
		data, err := io.ReadAll(msg.Payload)
		if err != nil {
			return err
		}
		if SpoilArrival(n.fault) {
			n.hangUp(l, 0)
			continue
		}
		n.out.Say("msg", Message(p.ID().String(), cap.Name, cap.Version, msg.Code, data))
		switch {
		case cap.Bye != nil && cap.Bye.Code == msg.Code:
			n.hangUp(l, cap.Bye.Reason)
		case cap.Echo:
			if err := write(rw, msg.Code, data); err != nil {
				return err
			}
		}
	}
}

func write(rw p2p.MsgReadWriter, code uint64, data []byte) error {
	return rw.WriteMsg(p2p.Msg{Code: code, Size: uint32(len(data)), Payload: bytes.NewReader(data)})
}

// join adds a protocol to its peer's link and tells of the peer with the last one.
func (n *node) join(p *p2p.Peer, name string, rw p2p.MsgReadWriter) *link {
	n.mu.Lock()
	defer n.mu.Unlock()
	addr := p.RemoteAddr().String()
	l := n.links[addr]
	if l == nil {
		l = &link{peer: p, rw: make(map[string]p2p.MsgReadWriter), ready: make(chan struct{}), shared: n.shared(p)}
		n.links[addr] = l
	}
	if name != "" {
		l.rw[name] = rw
	}
	if len(l.rw) == l.shared {
		n.out.Say("peer", Fields{
			"id": p.ID().String(), "name": fullName(p), "caps": capNames(p), "inbound": p.Inbound(),
		})
		close(l.ready)
	}
	return l
}

// shared counts the protocol names that run with a peer.
func (n *node) shared(p *p2p.Peer) int {
	names := make(map[string]bool)
	for _, ours := range n.caps {
		for _, theirs := range p.Caps() {
			if ours.Name == theirs.Name && ours.Version == theirs.Version {
				names[ours.Name] = true
			}
		}
	}
	return len(names)
}

// fullName avoids the abbreviation that newer versions make of a long name.
func fullName(p *p2p.Peer) string {
	if f, ok := any(p).(interface{ Fullname() string }); ok {
		return f.Fullname()
	}
	return p.Name()
}

func capNames(p *p2p.Peer) []string {
	names := []string{}
	for _, c := range p.Caps() {
		names = append(names, fmt.Sprintf("%s/%d", c.Name, c.Version))
	}
	return names
}

// watch tells of peers that have gone, and of peers with no protocol to tell of them.
func (n *node) watch(events chan *p2p.PeerEvent, sub event.Subscription) {
	for {
		select {
		case e := <-events:
			n.peerEvent(e)
		case <-sub.Err():
			return
		}
	}
}

func (n *node) peerEvent(e *p2p.PeerEvent) {
	if e.Type == p2p.PeerEventTypeAdd && len(n.caps) == 0 {
		for _, p := range n.srv.Peers() {
			if p.RemoteAddr().String() == e.RemoteAddress {
				n.join(p, "", nil)
			}
		}
	}
	if e.Type != p2p.PeerEventTypeDrop {
		return
	}
	n.mu.Lock()
	l := n.links[e.RemoteAddress]
	n.mu.Unlock()
	r := reasonOf(e.Error)
	f := Fields{"id": e.Peer.String(), "error": e.Error, "reason": r, "by": "them"}
	switch {
	case r == nil:
		f["by"] = "network"
	case l != nil && l.said != nil && *l.said == *r:
		f["by"] = "us"
	}
	n.out.Say("closed", f)
	n.mu.Lock()
	delete(n.links, e.RemoteAddress)
	n.gone.Broadcast()
	n.mu.Unlock()
}

// find returns the link of an id, or the only one when id is empty.
func (n *node) find(id string) (*link, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var found *link
	for _, l := range n.links {
		if id == "" || l.peer.ID().String() == id {
			if found != nil {
				return nil, errors.New("more than one such peer")
			}
			found = l
		}
	}
	if found == nil {
		return nil, &Failure{Kind: "closed", Err: errors.New("no such peer")}
	}
	return found, nil
}

func (n *node) Send(c *Command, payload []byte) error {
	l, err := n.find(c.ID)
	if err != nil {
		return err
	}
	rw := l.rw[c.Cap]
	if rw == nil {
		return fmt.Errorf("protocol %q does not run", c.Cap)
	}
	// The calls of the user's program where they apply, so that they are what is tested.
	switch {
	case n.fault != "":
		err = write(rw, c.Code, payload)
	case c.Form == "list":
		err = p2p.SendItems(rw, c.Code, c.Value)
	case c.Form == "bare":
		err = p2p.Send(rw, c.Code, c.Value)
	default:
		err = write(rw, c.Code, payload)
	}
	return SendFailure(err)
}

func (n *node) Disconnect(c *Command) error {
	l, err := n.find(c.ID)
	if err == nil {
		n.hangUp(l, c.Reason)
	}
	return err
}

func (n *node) hangUp(l *link, reason int) {
	reason = SpoilReason(n.fault, reason)
	n.mu.Lock()
	l.said = &reason
	n.mu.Unlock()
	l.peer.Disconnect(p2p.DiscReason(reason))
}

func (n *node) Stop() error {
	if n.srv == nil {
		return nil
	}
	quitting := int(p2p.DiscQuitting)
	n.mu.Lock()
	for _, l := range n.links {
		l.said = &quitting
	}
	n.mu.Unlock()
	n.ln.Close()
	n.srv.Stop()
	n.mu.Lock()
	for len(n.links) > 0 { // their events come after Stop
		n.gone.Wait()
	}
	n.mu.Unlock()
	n.sub.Unsubscribe()
	n.srv = nil
	return nil
}
