// Package detections holds the detection files that ship inside the binary.
// They are loaded like any user's files.
package detections

import "embed"

// FS has the detections at its root and their macros below macros/.
//
//go:embed *.yml macros/*.yml
var FS embed.FS
