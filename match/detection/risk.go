package detection

import (
	"math"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

var (
	riskTypes = []string{"user", "system", "other"}
	period    = regexp.MustCompile(`^[0-9]+[smh]$`)
)

// first is the risk of the first generation, in which observables with roles
// share one score and one message.
type first struct {
	confidence, impact, score float64 // below 0 if absent
	message                   string
	at                        *yaml.Node // of the message
	observables               []observable
}

type observable struct {
	name, typ string
	roles     []string
	at        *yaml.Node
}

func (f *file) observables(n *yaml.Node, old *first) {
	f.list(n, "tags.observable", func(item *yaml.Node) {
		o := observable{at: item}
		f.members(item, "an observable", map[string]func(*yaml.Node){
			"name": func(n *yaml.Node) {
				f.text(&o.name, "name")(n)
				o.at = n
			},
			"type": f.text(&o.typ, "type"),
			"role": f.texts(&o.roles, "role"),
		})
		if (o.name == "" || o.typ == "") && !f.failed {
			f.errorf(item, "an observable needs name and type")
		}
		old.observables = append(old.observables, o)
	})
}

// firstRisk makes the risk of the first generation that of the later ones, as
// Splunk's build of that time did (contentctl 4, risk of a detection): a victim of
// a type that is a user's or a system's is a risk object. Hunting searches and
// correlations had no risk action.
func (f *file) firstRisk(d *Detection, old *first) {
	if len(old.observables) == 0 || len(d.Risk.Objects) > 0 || f.failed || d.Type == "Hunting" || d.Type == "Correlation" {
		return
	}
	score := old.score
	switch {
	case old.message == "":
		f.errorf(old.at, "tags has observables and no message")
		return
	case score >= 0:
	case old.confidence >= 0 && old.impact >= 0:
		score = old.confidence * old.impact / 100
	default:
		f.errorf(old.at, "tags has observables and neither risk_score nor confidence and impact")
		return
	}
	for _, o := range old.observables {
		f.refs = append(f.refs, reference{o.name, o.at, objectOfFirst})
		if slices.ContainsFunc(o.roles, func(r string) bool { return r == "Victim" || r == "Target" }) {
			d.Risk.Objects = append(d.Risk.Objects, RiskObject{Field: o.name, Type: riskType(o.typ), Score: int(math.RoundToEven(score))})
		} else {
			d.Risk.Threats = append(d.Risk.Threats, ThreatObject{o.name, threatType(o.typ)})
		}
	}
	d.Risk.Message = old.message
	f.tokens(old.message, old.at, tokenOfFirst)
}

// riskType maps the type of an observable to that of a risk object.
func riskType(observable string) string {
	switch t := strings.ToLower(observable); {
	case strings.HasPrefix(t, "user"), t == "email address":
		return "user"
	case t == "hostname", t == "endpoint", t == "device", t == "ip address":
		return "system"
	}
	return "other"
}

// threatType maps it to that of a threat object.
func threatType(observable string) string {
	switch t := strings.ToLower(observable); t {
	case "hostname", "endpoint", "device":
		return "system"
	case "url string":
		return "url"
	case "file":
		return "file_name"
	default:
		return strings.ReplaceAll(t, " ", "_")
	}
}

// rba reads the risk of the second generation.
func (f *file) rba(n *yaml.Node, r *Risk) {
	f.members(n, "rba", map[string]func(*yaml.Node){
		"message": f.message(&r.Message, "rba.message"),
		"risk_objects": func(n *yaml.Node) {
			f.list(n, "rba.risk_objects", func(item *yaml.Node) {
				f.riskObject(item, r, "a risk object", false)
			})
		},
		"threat_objects": f.threats(r, "rba.threat_objects"),
	})
	if len(r.Objects) > 0 && r.Message == "" && !f.failed {
		f.errorf(n, "rba has risk objects and no message")
	}
}

// intermediate reads the risk of an anomaly of the third generation, in which
// each entity has a message of its own.
func (f *file) intermediate(n *yaml.Node, r *Risk) {
	f.members(n, "intermediate_findings", map[string]func(*yaml.Node){
		"entities": func(n *yaml.Node) {
			f.list(n, "intermediate_findings.entities", func(item *yaml.Node) {
				f.riskObject(item, r, "an entity", true)
			})
		},
		"threat_objects": f.threats(r, "intermediate_findings.threat_objects"),
	})
	r.share()
}

// finding reads the risk of a TTP of the third generation. Its title is the
// message. A correlation's score is 0.
func (f *file) finding(n *yaml.Node, r *Risk) {
	title := ""
	f.members(n, "finding", map[string]func(*yaml.Node){
		"title":          f.message(&title, "finding.title"),
		"entity":         func(n *yaml.Node) { f.riskObject(n, r, "an entity", false) },
		"threat_objects": f.threats(r, "finding.threat_objects"),
	})
	if (title == "" || len(r.Objects) == 0) && !f.failed {
		f.errorf(n, "finding needs title and entity")
	}
	if len(r.Objects) > 0 {
		r.Objects[len(r.Objects)-1].Message = title
	}
	r.share()
}

// share makes the message of the first object that of the risk, and drops it
// from the objects that have the same.
func (r *Risk) share() {
	for _, o := range r.Objects {
		if r.Message == "" {
			r.Message = o.Message
		}
	}
	for i := range r.Objects {
		if r.Objects[i].Message == r.Message {
			r.Objects[i].Message = ""
		}
	}
}

// riskObject reads an object with field, type and score and, if worded, a
// message of its own.
func (f *file) riskObject(n *yaml.Node, r *Risk, what string, worded bool) {
	o := RiskObject{Score: -1}
	lowest := 1
	if what == "an entity" {
		lowest = 0
	}
	set := map[string]func(*yaml.Node){
		"field": f.column(&o.Field),
		"type":  f.oneOf(&o.Type, "type", riskTypes...),
		"score": f.integer(&o.Score, "score", lowest, 100),
	}
	needs := "field, type and score"
	if worded {
		set["message"] = f.message(&o.Message, "message")
		needs = "field, type, score and message"
	}
	f.members(n, what, set)
	if (o.Field == "" || o.Type == "" || o.Score < 0 || worded && o.Message == "") && !f.failed {
		f.errorf(n, "%s needs %s", what, needs)
	}
	r.Objects = append(r.Objects, o)
}

func (f *file) threats(r *Risk, what string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		f.list(n, what, func(item *yaml.Node) {
			var o ThreatObject
			f.members(item, "a threat object", map[string]func(*yaml.Node){
				"field": f.column(&o.Field),
				"type":  f.text(&o.Type, "type"),
			})
			if (o.Field == "" || o.Type == "") && !f.failed {
				f.errorf(item, "a threat object needs field and type")
			}
			r.Threats = append(r.Threats, o)
		})
	}
}

// message reads text with $tokens$.
func (f *file) message(to *string, what string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		f.text(to, what)(n)
		f.tokens(*to, n, required)
	}
}

func (f *file) tokens(message string, at *yaml.Node, how how) {
	for _, name := range Tokens(message) {
		if ref := (reference{name, at, how}); !slices.Contains(f.refs, ref) {
			f.refs = append(f.refs, ref)
		}
	}
}

// column reads the name of a column of the rows.
func (f *file) column(to *string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		f.text(to, "field")(n)
		f.refs = append(f.refs, reference{n.Value, n, required})
	}
}

var token = regexp.MustCompile(`\$([A-Za-z_][A-Za-z0-9_.]*)\$`)

// Tokens returns the names of the $field$ tokens of a message.
func Tokens(message string) (names []string) {
	for _, m := range token.FindAllStringSubmatch(message, -1) {
		names = append(names, m[1])
	}
	return names
}

// Fill replaces the $field$ tokens of message by what value returns for them.
func Fill(message string, value func(name string) string) string {
	return token.ReplaceAllStringFunc(message, func(t string) string { return value(t[1 : len(t)-1]) })
}
