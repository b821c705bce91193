package detection

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"sluice/agg/window"
	"sluice/match/spl"
)

// types are what a detection's type may be. A baseline is no detection.
var types = []string{"TTP", "Anomaly", "Hunting", "Correlation"}

// parse reads a file; what of it has errors is left out.
func (l *Loader) parse(name string, src []byte) []*Detection {
	f := &file{name: name, src: src, l: l, check: CheckSchema}
	docs := f.documents(src)
	for _, doc := range docs {
		if isSigma(doc) {
			return f.sigma(docs)
		}
	}
	root := f.single(docs)
	if root == nil {
		return nil
	}
	if d := f.detection(root); d != nil {
		return []*Detection{d}
	}
	return nil
}

// detection reads a detection of Splunk's schema; it returns nil if it has errors.
func (f *file) detection(root *yaml.Node) *Detection {
	d := &Detection{File: f.name, Line: root.Line, Column: root.Column, Kind: KindSPL, Windows: window.Scheduled}
	f.keys = map[string]*yaml.Node{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		f.keys[root.Content[i].Value] = resolved(root.Content[i+1])
	}
	old := &first{confidence: -1, impact: -1, score: -1}
	f.members(root, "the detection", f.schema(d, old))
	f.firstRisk(d, old)
	for _, need := range []struct{ key, value string }{{"name", d.Name}, {"id", d.ID}, {"type", d.Type}, {"search", d.Search}} {
		if need.value == "" && !f.failed {
			f.errorf(root, "cannot load detection: it has no %s", need.key)
		}
	}
	if !f.failed && f.compile(d) {
		f.checkRisk(d)
	}
	f.lint(d)
	if f.failed {
		return nil
	}
	return d
}

// schema says how the members of a detection are read, those of all generations:
// old takes the risk of the first one.
func (f *file) schema(d *Detection, old *first) map[string]func(*yaml.Node) {
	set := map[string]func(*yaml.Node){
		"name":        f.text(&d.Name, "name"),
		"id":          f.text(&d.ID, "id"),
		"version":     f.integer(&d.Version, "version", 1, 1<<20),
		"status":      f.text(&d.Status, "status"),
		"type":        f.oneOf(&d.Type, "type", types...),
		"description": f.text(&d.Description, "description"),
		"search":      f.text(&d.Search, "search"),
		"references":  f.texts(new([]string), "references"),
		"tests":       func(n *yaml.Node) { f.tests(n, d) },
		// Where the risk is: in tags, in rba, or at the top.
		"tags":                  func(n *yaml.Node) { f.tags(n, d, old) },
		"rba":                   func(n *yaml.Node) { f.rba(n, &d.Risk) },
		"finding":               func(n *yaml.Node) { f.finding(n, &d.Risk) },
		"intermediate_findings": func(n *yaml.Node) { f.intermediate(n, &d.Risk) },
		"threat_objects":        f.threats(&d.Risk, "threat_objects"),
		"deployment":            func(n *yaml.Node) { f.scheduling(n, d) },
		// What the third generation has instead of tags.
		"analytic_story":     f.texts(&d.Stories, "analytic_story"),
		"mitre_attack_id":    f.texts(&d.MITRE, "mitre_attack_id"),
		"throttling":         func(n *yaml.Node) { f.throttling(n, &d.Throttle) },
		"creation_date":      nil,
		"category":           nil,
		"enabled_by_default": nil,
	}
	// Known to the schema and of no use to an engine.
	for _, key := range []string{
		"date", "modification_date", "author", "data_source", "how_to_implement", "known_false_positives",
		"drilldown_searches", "explanation", "datamodel", "asset_type", "product",
		"security_domain", "cve", "atomic_guid", "manual_test", "group",
	} {
		set[key] = nil
	}
	return set
}

// compile makes the rule of d.
func (f *file) compile(d *Detection) bool {
	r, err := spl.Compile(d.Search, spl.Env{Macros: f.l.Macros, Lookups: f.l.Lookups})
	if err != nil {
		f.failed = true
		f.searchError(f.keys["search"], err)
		return false
	}
	d.Rule = r
	return true
}

func (f *file) tags(n *yaml.Node, d *Detection, old *first) {
	set := map[string]func(*yaml.Node){
		"analytic_story":  f.texts(&d.Stories, "tags.analytic_story"),
		"mitre_attack_id": f.texts(&d.MITRE, "tags.mitre_attack_id"),
		"throttling":      func(n *yaml.Node) { f.throttling(n, &d.Throttle) },
		// The risk of the first generation.
		"confidence": f.number(&old.confidence, "tags.confidence", 0, 100),
		"impact":     f.number(&old.impact, "tags.impact", 0, 100),
		"risk_score": f.number(&old.score, "tags.risk_score", 0, 100), // some have a fraction
		"message":    f.text(&old.message, "tags.message"),
		"observable": func(n *yaml.Node) { f.observables(n, old) },
	}
	for _, key := range []string{
		"asset_type", "product", "security_domain", "cve", "atomic_guid", "group", "manual_test",
		"required_fields", "context", "dataset", "kill_chain_phases", "cis20", "nist",
		"automated_detection_testing", "drilldown_search", "supported_tas",
	} {
		set[key] = nil
	}
	f.members(n, "tags", set)
	old.at = f.place(n, "message")
}

// place returns the member of n, for messages, or n.
func (f *file) place(n *yaml.Node, key string) *yaml.Node {
	if m := member(n, key); m != nil {
		return m
	}
	return n
}

func (f *file) throttling(n *yaml.Node, t *Throttle) {
	f.members(n, "throttling", map[string]func(*yaml.Node){
		"fields": f.texts(&t.Fields, "throttling.fields"),
		"period": func(n *yaml.Node) {
			f.text(&t.Period, "throttling.period")(n)
			if n.Kind == yaml.ScalarNode && !period.MatchString(n.Value) {
				f.errorf(n, "throttling.period must be a number and s, m or h")
			}
		},
	})
	if (len(t.Fields) == 0 || t.Period == "") && !f.failed {
		f.errorf(n, "throttling needs fields and period")
	}
}

// checkRisk refuses risk fields that no row has; those of the first generation
// are left out.
func (f *file) checkRisk(d *Detection) {
	for _, ref := range f.refs {
		switch {
		case !d.lacks(ref.column):
		case ref.how == objectOfFirst:
			f.warn(CheckRisk, ref.at, "the observable %q is no column of the rows: no risk event names it", ref.column)
		case ref.how == tokenOfFirst:
			f.warn(CheckRisk, ref.at, "the message names %q, which is no column of the rows: null stands there", ref.column)
		case ref.how == wanted:
			f.warn(CheckTests, ref.at, "the test wants %q, which is no column of the rows", ref.column)
		default:
			f.fault(CheckRisk, ref.at, "cannot load detection: its risk section names %q, which is no column of its rows", ref.column)
		}
	}
	if f.failed {
		return
	}
	d.Risk.Objects = slices.DeleteFunc(d.Risk.Objects, func(o RiskObject) bool { return d.lacks(o.Field) })
	d.Risk.Threats = slices.DeleteFunc(d.Risk.Threats, func(o ThreatObject) bool { return d.lacks(o.Field) })
}
