package state

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
)

// Host names a machine.
type Host struct {
	Name string // may change
	ID   string // made from the machine's id; empty where it has none
}

// differs compares by id where both have one, otherwise by name.
func (h Host) differs(other Host) bool {
	if h.ID != "" && other.ID != "" {
		return h.ID != other.ID
	}
	return h.Name != other.Name
}

// thisHost hashes the machine's id, which is not to be made known (machine-id(5)).
func thisHost() Host {
	name, _ := os.Hostname() // without a name, it is empty
	h := Host{Name: name[:min(len(name), maxName)]}
	if id := strings.TrimSpace(machineID()); id != "" {
		mac := hmac.New(sha256.New, []byte(id))
		mac.Write([]byte("sluice state"))
		h.ID = hex.EncodeToString(mac.Sum(nil)[:16])
	}
	return h
}
