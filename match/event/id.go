package event

import "iter"

// IDNames are the names from behind which a decoder reads an event id, and nothing
// else does: in each shape one of them is a member on the way to it, or the element
// that holds it. A dotted name ends in one, or has a point behind it.
var IDNames = []string{"EventID", "EventCode", "event_id", "signature_id", "code"}

// IDFields are the fields that hold the event id.
var IDFields = []string{"EventID", "EventCode", "signature_id"}

// IDs yields the values of IDFields, as far as they are projected.
func (e *Event) IDs() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, slot := range e.proj.ids {
			for _, v := range e.values[slot] {
				if !yield(v) {
					return
				}
			}
		}
	}
}
