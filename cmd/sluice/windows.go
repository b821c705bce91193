package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"sluice/agg/window"
	"sluice/match/detection"
)

// windowFlags say by which windows hits are counted.
type windowFlags struct {
	window string
	lag    string
}

func (f *windowFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.window, "window", "none", "count by windows of the events' times: none, auto (as each detection is scheduled; the default with --follow) or a length such as 15m, 1h or 1d")
	fl.StringVar(&f.lag, "lag", "", "how long behind its end a window is closed, such as 10m, the default; events that come later are counted in rows of their own; none: no window is closed")
}

// specs returns the windows of detections, or nil if there are to be none.
func (f *windowFlags) specs(list []*detection.Detection) ([]window.Spec, error) {
	if f.window == "none" {
		if f.lag != "" {
			return nil, errors.New("cannot use --lag without --window")
		}
		return nil, nil
	}
	fixed := window.Spec{Lag: window.Scheduled.Lag}
	if f.window != "auto" {
		n, err := window.ParseLength(f.window)
		if err == nil && n == 0 {
			err = errors.New("no window is as short")
		}
		if err != nil {
			return nil, fmt.Errorf("cannot use --window %q: %w (hint: none, auto or a length)", f.window, err)
		}
		fixed.Period = n
	}
	lag, err := int64(-1), error(nil)
	if f.lag != "" && f.lag != "none" {
		if lag, err = window.ParseLength(f.lag); err != nil {
			return nil, fmt.Errorf("cannot use --lag %q: %w", f.lag, err)
		}
	}
	specs := make([]window.Spec, len(list))
	for i, d := range list {
		s := fixed
		if s.Period == 0 {
			s = d.Windows
		}
		if lag >= 0 {
			s.Lag = lag
		}
		s.Open = f.lag == "none"
		specs[i] = s
	}
	return specs, nil
}

// unscheduled tells of detections whose own schedule cannot be followed.
func (c *cli) unscheduled(f windowFlags, list []*detection.Detection) {
	for _, d := range list {
		if f.window == "auto" && d.Unscheduled != nil {
			c.warn("%v", d.Unscheduled)
		}
	}
}

// tellLate warns of late hits, of which an input that is not in order of time has many.
func (c *cli) tellLate(n int64) {
	if n > 0 {
		c.warn("%d %s late, when the window was closed: see the rows with \"late\" (hint: --lag none for inputs that are not in the order of time)",
			n, map[bool]string{true: "event came", false: "events came"}[n == 1])
	}
}
