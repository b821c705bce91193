package detection

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxName is how long a detection's name may be: the saved search's name, with
// what Splunk's content puts around it, is limited to 80 characters (contentctl).
const maxName = 67

var (
	uuid      = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	technique = regexp.MustCompile(`^T[0-9]{4}(\.[0-9]{3})?$`)
	statuses  = []string{"production", "experimental", "deprecated", "removed"}
)

// place is where something stands, for messages.
type place struct {
	check, value string
	at           Error
}

// lint tells what is a fault for publishing only. d may have been refused.
func (f *file) lint(d *Detection) {
	if !f.l.Lint {
		return
	}
	f.check = CheckName
	if n := f.keys["name"]; n != nil && len([]rune(d.Name)) > maxName {
		f.errorf(n, "the name has %d characters, more than %d", len([]rune(d.Name)), maxName)
	}
	f.lintID(d.ID, f.keys["id"])
	f.own(CheckName, d.Name, f.keys["name"])
	if n := f.keys["status"]; n != nil && !slices.Contains(statuses, d.Status) {
		f.fault(CheckSchema, n, "status must be one of %s", strings.Join(statuses, ", "))
	}
	f.lintFilter(d)
	f.lintMITRE(d.MITRE, f.context("mitre_attack_id"))
	f.lintThrottle(d)
	f.lintReferences()
	f.lintTests(d)
}

// context returns the member of the detection or, as the older generations have
// it, of its tags.
func (f *file) context(key string) *yaml.Node {
	if n := f.keys[key]; n != nil {
		return n
	}
	if tags := f.keys["tags"]; tags != nil && tags.Kind == yaml.MappingNode {
		return member(tags, key)
	}
	return nil
}

func (f *file) lintID(id string, n *yaml.Node) {
	if n == nil || id == "" {
		return
	}
	if !uuid.MatchString(id) {
		f.fault(CheckID, n, "the id %q is no UUID", id)
		return
	}
	f.own(CheckID, strings.ToLower(id), n)
}

// own notes a value that no other file may have.
func (f *file) own(check, value string, n *yaml.Node) {
	if n != nil && value != "" {
		f.l.owned = append(f.l.owned, place{check, value, Error{File: f.name, Line: n.Line, Column: n.Column}})
	}
}

// unique tells of what a file has that an earlier one has too.
func (l *Loader) unique(of *Loader) {
	for _, p := range of.owned {
		key := p.check + " " + p.value
		if at, taken := l.taken[key]; taken {
			e := p.at
			e.Check, e.Msg = p.check, fmt.Sprintf("%s %q stands at %s:%d:%d, too", p.check, p.value, at.File, at.Line, at.Column)
			l.fail(&e)
			continue
		}
		if l.taken == nil {
			l.taken = map[string]Error{}
		}
		l.taken[key] = p.at
	}
}

// lintFilter looks for the macro by which users tune the detection.
func (f *file) lintFilter(d *Detection) {
	n := f.keys["search"]
	if n == nil || d.Search == "" {
		return
	}
	name := path.Base(f.name)
	name = strings.TrimSuffix(name, path.Ext(name)) + "_filter"
	if !regexp.MustCompile("`\\s*" + regexp.QuoteMeta(name) + "\\s*`").MatchString(d.Search) {
		f.fault(CheckFilter, n, "the search does not call `%s`, the macro by which its users tune it", name)
	}
}

func (f *file) lintMITRE(ids []string, n *yaml.Node) {
	if n == nil || n.Kind != yaml.SequenceNode {
		return
	}
	for _, item := range n.Content {
		id := resolved(item).Value
		parent, _, sub := strings.Cut(id, ".")
		switch {
		case !technique.MatchString(id):
			f.fault(CheckMITRE, item, "%q is no ATT&CK technique: want T1234 or T1234.001", id)
		case sub && slices.Contains(ids, parent):
			f.warn(CheckMITRE, item, "%s stands beside its parent %s, which it implies", id, parent)
		}
	}
}

func (f *file) lintThrottle(d *Detection) {
	n := f.context("throttling")
	if n == nil || d.Rule == nil {
		return
	}
	for _, name := range d.Throttle.Fields {
		if d.lacks(name) {
			f.fault(CheckField, f.place(n, "fields"), "the throttling names %q, which is no column of the rows", name)
		}
	}
}

func (f *file) lintReferences() {
	n := f.keys["references"]
	if n == nil || n.Kind != yaml.SequenceNode {
		return
	}
	for _, item := range n.Content {
		item = resolved(item)
		u, err := url.Parse(strings.TrimSpace(item.Value))
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			f.warn(CheckRefs, item, "the reference %q is no URL", item.Value)
		}
	}
}

func (f *file) lintTests(d *Detection) {
	at := f.keys["status"]
	if d.Status == "production" && len(d.Tests) == 0 && d.Type != "Correlation" && f.context("manual_test") == nil && at != nil {
		f.warn(CheckTests, at, "a production detection without tests")
	}
	if at = f.keys["type"]; at != nil && d.Rule != nil && len(d.Risk.Objects) == 0 && (d.Type == "TTP" || d.Type == "Anomaly") {
		f.warn(CheckObjects, at, "a detection of type %s without risk objects makes no risk events", d.Type)
	}
}
