// SPDX-License-Identifier: MIT

package gopeer

import "os"

// Faults let the suite show that its checks notice a peer that does wrong. They are
// asked for in `start` and reported nowhere.
const (
	FaultFlip    = "flip"    // change a byte of what is sent
	FaultShort   = "short"   // send one byte less
	FaultCode    = "code"    // send under another code
	FaultDrop    = "drop"    // send nothing
	FaultTwice   = "twice"   // send everything twice
	FaultReason  = "reason"  // disconnect with another reason
	FaultHangUp  = "hang-up" // disconnect at the first message
	FaultDie     = "die"     // end the process at the first message
	FaultRude    = "rude"    // raw peer: close without reading what is still coming
	FaultNoGreet = "no-name" // say another name in Hello
)

// spoil returns the payloads to send in place of p, and may change the code.
func spoil(fault string, c *Command, p []byte) [][]byte {
	switch {
	case fault == FaultFlip && len(p) > 0:
		p = append([]byte(nil), p...)
		p[len(p)-1] ^= 1
	case fault == FaultShort && len(p) > 0:
		p = p[:len(p)-1]
	case fault == FaultCode:
		c.Code ^= 1
	case fault == FaultDrop:
		return nil
	case fault == FaultTwice:
		return [][]byte{p, p}
	}
	return [][]byte{p}
}

// SpoilReason is the reason to say when told to say r.
func SpoilReason(fault string, r int) int {
	if fault == FaultReason {
		return r ^ 1
	}
	return r
}

// SpoilArrival is called for each received message; true means hang up.
func SpoilArrival(fault string) bool {
	if fault == FaultDie {
		os.Exit(3)
	}
	return fault == FaultHangUp
}

// SpoilName is the name to say when told to be called n.
func SpoilName(fault, n string) string {
	if fault == FaultNoGreet {
		return n + "?"
	}
	return n
}
