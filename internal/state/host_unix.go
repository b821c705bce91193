//go:build unix

package state

import "os"

// machineID reads the id that systemd and D-Bus give a Linux machine. Where there is
// none, as on macOS, the name must do.
func machineID() string {
	for _, path := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id"} {
		if b, err := os.ReadFile(path); err == nil && len(b) >= 32 {
			return string(b)
		}
	}
	return ""
}
