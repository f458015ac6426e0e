// SPDX-License-Identifier: MIT

package gopeer

import (
	"errors"
	"strings"

	"github.com/ethereum/go-ethereum/p2p"
)

// reasons maps the texts of go-ethereum to numbers: the events of a server and the
// errors of a handshake carry the text only.
var reasons = func() map[string]int {
	m := make(map[string]int)
	for i := 0; i <= 0x10; i++ {
		if i >= 0x0c && i < 0x10 {
			continue // no such reasons
		}
		m[p2p.DiscReason(i).String()] = i
	}
	return m
}()

// reasonOf finds the disconnect reason in an error text. Newer versions put their
// own words before it.
func reasonOf(text string) *int {
	if i := strings.LastIndex(text, ": "); i >= 0 {
		text = text[i+2:]
	}
	if r, ok := reasons[text]; ok {
		return &r
	}
	return nil
}

// Refusal is the event of an inbound connection whose handshake failed.
func Refusal(err error) Fields {
	f := Fields{"error": err.Error(), "reason": reasonOf(err.Error())}
	var fail *Failure
	if errors.As(err, &fail) && fail.Reason != nil {
		f["reason"] = *fail.Reason
	}
	return f
}

// SendFailure classes the error of a write by what both versions say; nil stays nil.
func SendFailure(err error) error {
	if err == nil {
		return nil
	}
	kind := "closed"
	switch text := err.Error(); {
	case strings.Contains(text, "16MB"), strings.Contains(text, "uint24"):
		kind = "too_big"
	case strings.Contains(text, "invalid message code"):
		kind = "invalid"
	}
	return &Failure{Kind: kind, Err: err}
}
