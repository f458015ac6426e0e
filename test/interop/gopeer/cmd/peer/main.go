// SPDX-License-Identifier: MIT

// The scripted peer on the p2p package of go-ethereum.
package main

import "interop/gopeer"

func main() { gopeer.Speak(gopeer.NewNode) }
