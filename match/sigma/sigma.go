// Package sigma compiles Sigma rules to package rule's form, after version 2.1 of
// the Sigma specification (github.com/SigmaHQ/sigma-specification).
//
// Theorem: a rule that compiles means what the specification says, on Windows
// events as match/event decodes them; what that cannot be is refused with its
// place and a reason. docs/detections.md has the tables.
package sigma

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/match/rule"
)

// Rule is a compiled Sigma rule.
type Rule struct {
	Title, ID, Status, Level, Description string

	Name   string // by which correlations and filters may name the rule; mostly empty
	Source Source

	Tags []string
	// Rule groups by the computer, the user and the fields that the detection
	// reads. It keeps events in which some of them are missing.
	Rule *rule.Rule
}

// Problem is something wrong with a rule.
type Problem struct {
	Node    *yaml.Node // where; nil if the rule lacks something
	Msg     string
	Warning bool // the rule compiles all the same
}

// maxSize bounds the conditions of a rule, with everything that a name in its
// condition stands for: a few lines can name long lists again and again.
const maxSize = 100_000

// compiler translates one rule.
type compiler struct {
	problems []Problem
	failed   bool
	size     int
}

func (c *compiler) errorf(n *yaml.Node, format string, args ...any) {
	c.failed = true
	c.problems = append(c.problems, Problem{Node: n, Msg: fmt.Sprintf(format, args...)})
}

func (c *compiler) warnf(n *yaml.Node, format string, args ...any) {
	c.problems = append(c.problems, Problem{Node: n, Msg: fmt.Sprintf(format, args...), Warning: true})
}

// spend counts n conditions more and returns false when they are too many.
func (c *compiler) spend(at *yaml.Node, n int) bool {
	before := c.size
	if c.size += n; c.size > maxSize && before <= maxSize {
		c.errorf(at, "cannot compile the rule: it makes more than %d conditions", maxSize)
	}
	return c.size <= maxSize
}

// ignored are the keys of a rule that tell people something and the engine nothing.
var ignored = strings.Fields("related license author references date modified fields falsepositives scope " +
	"regression_tests_path simulation")

var levelNames = []string{"informational", "low", "medium", "high", "critical"}

// Compile translates the YAML mapping of one Sigma rule, without merge keys. Problems are in the order
// in which they were found; with one that is no Warning, the rule is nil.
func Compile(root *yaml.Node) (*Rule, []Problem) {
	c := &compiler{}
	r := c.compile(root)
	if c.failed {
		return nil, c.problems
	}
	return r, c.problems
}

func (c *compiler) compile(root *yaml.Node) *Rule {
	r := &Rule{}
	var logsource, detection *yaml.Node
	c.members(root, "the rule", func(key, value *yaml.Node) {
		switch key.Value {
		case "title":
			r.Title = c.text(value, "title")
		case "name":
			r.Name = c.text(value, "name")
		case "id":
			r.ID = c.text(value, "id")
		case "status":
			r.Status = c.text(value, "status")
		case "level":
			r.Level = c.text(value, "level")
			if !slices.Contains(levelNames, r.Level) {
				c.warnf(value, "unknown level %q; known are %s", r.Level, strings.Join(levelNames, ", "))
			}
		case "description":
			r.Description = c.text(value, "description")
		case "tags":
			r.Tags = c.texts(value, "tags")
		case "logsource":
			logsource = value
		case "detection":
			detection = value
		case "taxonomy":
			if c.text(value, "taxonomy") != "sigma" {
				c.errorf(value, "cannot compile a rule of another taxonomy than sigma")
			}
		case "correlation":
			c.errorf(key, "correlation rules are not supported")
		case "filter", "global", "action":
			c.errorf(key, "%q is not supported: only rules of their own are", key.Value)
		default:
			if !slices.Contains(ignored, key.Value) {
				c.warnf(key, "unknown key %q in the rule", key.Value)
			}
		}
	})
	switch {
	case c.failed:
	case r.Title == "":
		c.errorf(root, "the rule has no title")
	case logsource == nil:
		c.errorf(root, "the rule has no logsource")
	case detection == nil:
		c.errorf(root, "the rule has no detection")
	default:
		r.Source = sourceOf(logsource)
		r.Rule = c.rule(logsource, detection)
	}
	return r
}

// rule returns the logical form of a rule.
func (c *compiler) rule(logsource, detection *yaml.Node) *rule.Rule {
	sources := c.sources(logsource)
	if c.failed {
		return nil
	}
	r := &rule.Rule{
		By:    []string{"dest", "user_id"},
		Aggs:  []rule.Agg{{Func: rule.Count, As: "count"}, {Func: rule.Min, Field: "_time", As: "firstTime"}, {Func: rule.Max, Field: "_time", As: "lastTime"}},
		Times: []rule.TimeFormat{{Column: "firstTime", Layout: layout}, {Column: "lastTime", Layout: layout}},
		Nulls: true, Values: rule.AsSigma,
	}
	var branches []rule.Expr
	for i, s := range sources {
		d := &detectionReader{compiler: c, source: s, first: i == 0}
		where := d.read(detection)
		if c.failed {
			return nil
		}
		branches = append(branches, and(s.where(), where))
		for _, name := range (&rule.Rule{Where: where}).Fields() {
			if !slices.Contains(r.By, name) {
				r.By = append(r.By, name)
			}
		}
	}
	r.Where = or(branches...)
	return r
}

// layout is that of times in Splunk's detections.
const layout = "%Y-%m-%dT%H:%M:%S"

// and joins conditions, of which there may be one.
func and(exprs ...rule.Expr) rule.Expr {
	var out rule.And
	for _, e := range exprs {
		switch e := e.(type) {
		case rule.And:
			out = append(out, e...)
		case rule.All:
		default:
			out = append(out, e)
		}
	}
	switch len(out) {
	case 0:
		return rule.All{}
	case 1:
		return out[0]
	}
	return out
}

// or joins one condition or more.
func or(exprs ...rule.Expr) rule.Expr {
	var out rule.Or
	for _, e := range exprs {
		if e, is := e.(rule.Or); is {
			out = append(out, e...)
			continue
		}
		out = append(out, e)
	}
	if len(out) == 1 {
		return out[0]
	}
	return out
}
