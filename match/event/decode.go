package event

import (
	"time"

	"sluice/internal/record"
)

// Decoder turns raw records into events. It is for one goroutine.
type Decoder struct {
	proj *Projection
	zone *time.Location
	ev   Event
	json jsonReader
	xml  xmlReader
}

// NewDecoder returns a Decoder that fills the fields of p. Times without a zone
// are read in zone; nil means UTC.
func NewDecoder(p *Projection, zone *time.Location) *Decoder {
	d := &Decoder{proj: p, zone: zone}
	d.json.d = d
	return d
}

// Decode calls emit for each event of a record. The event and its values are
// valid during the call. An error means that some of the record could not be
// read; what was readable before has been emitted.
func (d *Decoder) Decode(kind record.Kind, raw []byte, emit func(*Event)) error {
	if kind == record.XML {
		ev := d.next()
		if err := d.xml.decode(ev, raw); err != nil {
			return err
		}
		ev.finish(d.zone, nil)
		emit(ev)
		return nil
	}
	return d.json.decode(raw, emit)
}

func (d *Decoder) next() *Event {
	d.ev.reset(d.proj)
	return &d.ev
}
