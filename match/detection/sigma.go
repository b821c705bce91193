package detection

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"sluice/agg/window"
	"sluice/match/sigma"
)

// isSigma reports whether a document is one of a file of Sigma rules.
func isSigma(doc *yaml.Node) bool {
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode || member(root, "search") != nil {
		return false
	}
	return slices.ContainsFunc([]string{"detection", "logsource", "correlation", "filter"}, func(key string) bool { return member(root, key) != nil })
}

// sigma reads the rules of a Sigma file, one a document.
func (f *file) sigma(docs []*yaml.Node) (found []*Detection) {
	f.check = CheckSigma
	for _, doc := range docs {
		if g := sigma.GroupOf(doc.Content[0]); g != nil {
			f.l.groups = append(f.l.groups, grouped{g, f.name, doc.Content[0].Line})
		}
	}
	for _, doc := range docs {
		root := doc.Content[0]
		if root.Kind != yaml.MappingNode {
			f.errorf(root, "cannot load rule: the document is not a YAML mapping")
			continue
		}
		if action := member(root, "action"); action != nil {
			f.errorf(action, "cannot load: `action: %s` joins the documents of the file, which is not supported (hint: write each rule out)", action.Value)
			return nil // the other documents may be parts only
		}
	}
	for _, doc := range docs {
		if doc.Content[0].Kind == yaml.MappingNode {
			if d := f.sigmaRule(doc.Content[0]); d != nil {
				found = append(found, d)
			}
		}
	}
	return found
}

func (f *file) sigmaRule(root *yaml.Node) *Detection {
	r, problems := sigma.Compile(root)
	for _, p := range problems {
		at := p.Node
		if at == nil {
			at = root
		}
		f.note(CheckSigma, at, p.Warning, "%s", p.Msg)
	}
	f.lintSigma(root)
	if r == nil {
		return nil
	}
	d := &Detection{
		File: f.name, Line: root.Line, Column: root.Column, Kind: KindSigma,
		Name: r.Title, ID: r.ID, Version: 1, Level: r.Level, Status: r.Status,
		MITRE: techniques(r.Tags), Rule: r.Rule, Description: r.Description,
		Windows: window.Scheduled, named: r.Name, source: r.Source,
	}
	if d.ID == "" {
		d.ID = d.Name // an id is optional in Sigma
	}
	score := levelScore(r.Level)
	d.Risk = Risk{Message: r.Title, Objects: []RiskObject{
		{Field: "dest", Type: "system", Score: score},
		{Field: "user_id", Type: "user", Score: score, Optional: true},
	}}
	if n := member(root, "regression_tests_path"); n != nil && f.l.Regressions {
		d.Tests = f.regressions(n)
	}
	return d
}

// levelScore is the risk score of a level: each lies in the band that Enterprise
// Security calls by the level's name (to 20 informational, to 40 low, to 60
// medium, to 80 high, to 100 critical). A rule without a level is a medium one.
func levelScore(level string) int {
	switch level {
	case "informational":
		return 10
	case "low":
		return 25
	case "high":
		return 75
	case "critical":
		return 100
	}
	return 50
}

var attackTag = regexp.MustCompile(`^attack\.t[0-9]{4}(\.[0-9]{3})?$`)

// techniques returns the ATT&CK techniques of tags such as attack.t1059.001.
func techniques(tags []string) (ids []string) {
	for _, tag := range tags {
		if tag = strings.ToLower(tag); attackTag.MatchString(tag) {
			if id := strings.ToUpper(strings.TrimPrefix(tag, "attack.")); !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// lintSigma tells of tags, ids and references what lint does of a detection's.
func (f *file) lintSigma(root *yaml.Node) {
	if !f.l.Lint {
		return
	}
	f.keys = map[string]*yaml.Node{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		f.keys[root.Content[i].Value] = resolved(root.Content[i+1])
	}
	if n := f.keys["id"]; n != nil {
		f.lintID(n.Value, n)
	} else {
		f.warn(CheckID, root, "the rule has no id, by which others could name it")
	}
	f.lintReferences()
	tags := f.keys["tags"]
	if tags == nil || tags.Kind != yaml.SequenceNode {
		return
	}
	like := regexp.MustCompile(`^attack\.t[0-9]`)
	for _, item := range tags.Content {
		if tag := strings.ToLower(resolved(item).Value); like.MatchString(tag) && !attackTag.MatchString(tag) {
			f.fault(CheckMITRE, item, "%q names no ATT&CK technique: want attack.t1234 or attack.t1234.001", tag)
		}
	}
}

// regressions reads the tests that a rule of SigmaHQ's repository has in a file of
// their own: a path from the repository's root, which is the nearest folder around
// the rule, its own included, in which it leads to a file.
func (f *file) regressions(at *yaml.Node) []Test {
	up := "."
	dir := filepath.Dir(filepath.FromSlash(f.name))
	path := filepath.FromSlash(at.Value)
	for depth := 0; ; depth++ {
		if depth > maxDepth {
			f.warn(CheckTests, at, "cannot read the regression tests: no folder above holds %s", at.Value)
			return nil
		}
		if info, err := os.Stat(filepath.Join(dir, up, path)); err == nil && info.Mode().IsRegular() {
			break
		}
		up = filepath.Join(up, "..")
	}
	root := filepath.Join(dir, up)
	sub := &file{name: shown(root, at.Value), l: f.l, check: CheckTests}
	src := f.l.read(os.DirFS(root), filepath.ToSlash(filepath.Clean(path)), sub.name)
	if src == nil {
		return nil
	}
	doc := sub.single(sub.documents(src))
	if doc == nil {
		return nil
	}
	var tests []Test
	ignored := map[string]func(*yaml.Node){"id": nil, "description": nil, "date": nil, "author": nil, "modified": nil, "rule_metadata": nil}
	ignored["regression_tests_info"] = func(n *yaml.Node) {
		sub.list(n, "regression_tests_info", func(item *yaml.Node) {
			tests = append(tests, sub.regression(item, root, up))
		})
	}
	sub.members(doc, "the regression tests", ignored)
	if sub.failed {
		return nil
	}
	return tests
}

// maxDepth is how many folders above a file are looked into.
const maxDepth = 32

// regression reads one test. Its events are in an EVTX file, which is not read
// here, and beside it as JSON. SigmaHQ takes its match_count for the least.
func (f *file) regression(n *yaml.Node, root, up string) Test {
	t := Test{Line: n.Line, Column: n.Column, Want: &Want{Count: -1, Events: -1, Least: 1}}
	var data string
	f.members(n, "a regression test", map[string]func(*yaml.Node){
		"name":        f.text(&t.Name, "name"),
		"match_count": f.integer(&t.Want.Least, "match_count", 1, 1<<30),
		"path":        f.text(&data, "path"),
		"type":        nil, "provider": nil,
	})
	if (t.Name == "" || data == "") && !f.failed {
		f.errorf(n, "a regression test needs name and path")
	}
	if text, evtx := strings.CutSuffix(data, ".evtx"); evtx {
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(text+".json"))); err == nil {
			data = text + ".json"
		}
	}
	t.Data = []AttackData{{Data: filepath.ToSlash(filepath.Join(up, filepath.FromSlash(data)))}}
	return t
}
