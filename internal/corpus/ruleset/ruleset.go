// Package ruleset generates detections in the literal shapes of published
// PowerShell script-block analytics: event 4104 and wildcards on its text.
//
// The literals are public names of cmdlets, types and functions, addresses,
// flags and pieces of syntax that JSON or XML must escape. No detection is
// anybody's; what is alike is how many literals there are, how long they are
// and how AND and OR join them.
package ruleset

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// Rule is a generated detection.
type Rule struct {
	Name   string
	Search string // SPL
}

// Generate returns n rules. The same seed gives the same rules, and fewer rules
// are the first of more.
func Generate(n int, seed uint64) []Rule { return generate(n, seed, nil) }

// GenerateWith is Generate with some of words, which may be of any letters, in half of
// the literals. It gives other rules than Generate.
func GenerateWith(words []string, n int, seed uint64) []Rule { return generate(n, seed, words) }

func generate(n int, seed uint64, words []string) []Rule {
	g := &generator{rng: rand.New(rand.NewPCG(seed, 0x9e3779b9)), words: words}
	rules := make([]Rule, n)
	for i := range rules {
		rules[i] = Rule{Name: fmt.Sprintf("Generated Script Block Analytic %03d", i+1)}
		filter := fmt.Sprintf("generated_script_block_analytic_%03d_filter", i+1)
		fill := ""
		if g.rng.IntN(3) == 0 {
			fill = " | fillnull"
		}
		rules[i].Search = "`powershell` EventCode=4104 " + g.condition(i) + fill + tail + " | `" + filter + "`"
	}
	return rules
}

// tail is what the published searches do with their events.
const tail = " | stats count min(_time) as firstTime max(_time) as lastTime" +
	" by dest signature signature_id user_id vendor_product Guid Opcode Name Path ProcessID ScriptBlockId ScriptBlockText" +
	" | `security_content_ctime(firstTime)` | `security_content_ctime(lastTime)`"

// YAML returns the rule as a detection file.
func (r Rule) YAML() string {
	return fmt.Sprintf(`name: %s
id: %s
version: 1
type: Anomaly
description: Generated; finds nothing in particular.
search: |-
  %s
rba:
  message: A script on $dest$ holds what $ScriptBlockId$ holds.
  risk_objects:
    - field: dest
      type: system
      score: 10
  threat_objects: []
`, r.Name, r.fileName(), r.Search)
}

func (r Rule) fileName() string { return strings.ReplaceAll(strings.ToLower(r.Name), " ", "_") }

// Write writes each rule as a file of folder dir, which it makes.
func Write(dir string, rules []Rule) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("cannot write rules: %w", err)
	}
	for _, r := range rules {
		if err := os.WriteFile(filepath.Join(dir, r.fileName()+".yml"), []byte(r.YAML()), 0o644); err != nil {
			return fmt.Errorf("cannot write rules: %w", err)
		}
	}
	return nil
}

type generator struct {
	rng   *rand.Rand
	words []string
}

// condition returns the part of rule i that looks at the text. Some rules look
// for what harmless scripts hold too, as some published ones do.
func (g *generator) condition(i int) string {
	if i%25 == 7 {
		return g.compare(commonNames[i/25%len(commonNames)])
	}
	switch n := g.rng.IntN(100); {
	case n < 35:
		return g.compare(g.literal())
	case n < 50:
		return g.and(g.compare(g.literal()), g.compare(g.literal()))
	case n < 58:
		return g.and(g.compare(pick(g, frequent)), g.compare(g.literal()))
	case n < 88:
		return g.or(2 + g.rng.IntN(5))
	}
	return g.and(g.or(2+g.rng.IntN(3)), g.or(2+g.rng.IntN(2)))
}

func (g *generator) and(a, b string) string {
	return a + pick(g, []string{" ", " AND "}) + b
}

// or returns n alternatives, in one of the two ways to write them.
func (g *generator) or(n int) string {
	list := g.rng.IntN(3) == 0
	parts := make([]string, n)
	for i := range parts {
		parts[i] = g.literal()
		if g.rng.IntN(8) == 0 {
			parts[i] = pick(g, flags)
		}
		if list {
			parts[i] = `"*` + escape(parts[i]) + `*"`
		} else {
			parts[i] = g.compare(parts[i])
		}
	}
	if list {
		return "ScriptBlockText IN (" + strings.Join(parts, ", ") + ")"
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}

// compare returns the comparison that finds a literal.
func (g *generator) compare(literal string) string {
	switch n := g.rng.IntN(10); {
	case n < 2:
		return `ScriptBlockText = "*` + escape(literal) + `*"`
	case n < 4 && !strings.ContainsAny(literal, " \"'\\()<>&|,[]=`"):
		return "ScriptBlockText=*" + literal + "*"
	}
	return `ScriptBlockText="*` + escape(literal) + `*"`
}

// escape writes a literal for double quotes.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
}

// literal returns one of the vocabulary, or with words one with a word.
func (g *generator) literal() string {
	lit := g.vocable()
	if len(g.words) == 0 || g.rng.IntN(2) == 0 {
		return lit
	}
	switch w := pick(g, g.words); g.rng.IntN(4) {
	case 0:
		return w
	case 1:
		return w + lit
	case 2:
		return lit + "*" + w
	default:
		return lit + `\` + w
	}
}

// vocable returns one of the vocabulary. A few hold a star between two names.
func (g *generator) vocable() string {
	switch n := g.rng.IntN(100); {
	case n < 35:
		return g.cmdlet()
	case n < 45:
		return "Invoke-" + pick(g, actions)
	case n < 67:
		return pick(g, types)
	case n < 80:
		return pick(g, functions)
	case n < 87:
		return pick(g, addresses)
	case n < 97:
		return pick(g, syntax)
	}
	return g.cmdlet() + "*" + pick(g, parameters)
}

func (g *generator) cmdlet() string { return pick(g, verbs) + "-" + pick(g, nouns) }

func pick(g *generator, list []string) string { return list[g.rng.IntN(len(list))] }
