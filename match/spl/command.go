package spl

import (
	"slices"
	"strconv"
	"strings"

	"sluice/match/command"
	"sluice/match/expr"
	"sluice/match/rule"
)

const nameStops = `(),|"=`

// refused says of commands why there is none of them here.
var refused = map[string]string{}

func init() {
	for why, names := range map[string]string{
		"it needs a second search":                                      "append appendcols join multisearch set union selfjoin",
		"it runs a second pipeline over the rows":                       "appendpipe",
		"it runs a search for each row":                                 "map",
		"it joins events over any distance":                             "transaction",
		"its columns depend on the values":                              "chart timechart xyseries untable transpose geostats",
		"it counts all values; use stats count by and sort":             "top rare sitop",
		"it depends on the order in which events arrive":                "streamstats accum autoregress concurrency delta filldown trendline",
		"it reads an index, a data model or another search, not events": "tstats mstats datamodel from pivot metadata metasearch loadjob savedsearch walklex",
		"it reads no events":                                            "inputlookup makeresults rest dbxquery inputcsv",
		"it has effects outside":                                        "collect outputlookup outputcsv sendalert sendemail delete script run",
		"it reads the raw event, which is not kept":                     "extract kv multikv",
		"it needs a model of the Machine Learning Toolkit":              "apply fit",
		"it needs a database of addresses":                              "iplocation",
		"it makes commands from the names of fields":                    "foreach",
		"it compares every event with every other":                      "cluster anomalies",
	} {
		for _, name := range strings.Fields(names) {
			refused[name] = why
		}
	}
}

// step reads one command. One that stands for several gives several steps.
func (p *parser) step() ([]step, error) {
	if p.atEnd() && p.text.blankAt(p.pos) {
		return nil, nil // a macro that stands for nothing
	}
	start := p.pos
	name := strings.ToLower(p.word(nameStops))
	read, known := readers[name]
	switch {
	case name == "":
		return nil, p.errorf(start, "expected a command, found %s", p.found())
	case refused[name] != "":
		return nil, p.errorf(start, "command %q is not supported: %s", name, refused[name])
	case name == "stats":
		return p.statsStep(start)
	case !known:
		return nil, p.errorf(start, "command %q is not supported", name)
	}
	commands, err := read(p, start)
	if err != nil {
		return nil, err
	}
	if !p.atEnd() {
		return nil, p.errorf(p.pos, "expected the end of %s, found %s", name, p.found())
	}
	return []step{{at: start, name: name, commands: commands}}, nil
}

type reader func(p *parser, start int) ([]rule.Command, error)

var readers map[string]reader

func init() {
	readers = map[string]reader{
		"addtotals":  (*parser).addtotals,
		"bin":        (*parser).bin,
		"bucket":     (*parser).bin,
		"convert":    (*parser).convert,
		"dedup":      (*parser).dedup,
		"eval":       (*parser).eval,
		"eventstats": (*parser).eventstats,
		"fields":     (*parser).fields,
		"fillnull":   (*parser).fillnull,
		"head":       func(p *parser, _ int) ([]rule.Command, error) { return p.head(false) },
		"lookup":     (*parser).lookup,
		"makemv":     (*parser).makemv,
		"mvexpand":   (*parser).mvexpand,
		"nomv":       (*parser).nomv,
		"regex":      (*parser).regexCommand,
		"rename":     (*parser).rename,
		"replace":    (*parser).replace,
		"reverse":    func(*parser, int) ([]rule.Command, error) { return one(command.Reverse{}) },
		"rex":        (*parser).rex,
		"search":     (*parser).search,
		"sort":       (*parser).sort,
		"spath":      (*parser).spath,
		"table":      (*parser).table,
		"tail":       func(p *parser, _ int) ([]rule.Command, error) { return p.head(true) },
		"where":      (*parser).where,
		"xmlkv":      (*parser).xmlkv,
	}
}

func one(c rule.Command) ([]rule.Command, error) { return []rule.Command{c}, nil }

// name takes a field name, quoted in either way or bare.
func (p *parser) name(what string) (string, error) {
	p.space()
	switch p.peek() {
	case '"':
		return p.quoted()
	case '\'':
		return p.singleQuoted()
	}
	start := p.pos
	if n := p.word(nameStops); n != "" {
		return n, nil
	}
	return "", p.errorf(start, "expected %s, found %s", what, p.found())
}

// atEnd reports whether the command ends here.
func (p *parser) atEnd() bool {
	p.space()
	return p.pos == len(p.text.s) || p.peek() == '|'
}

// word0 takes a keyword that may be of any case, if it is next.
func (p *parser) word0(w string) bool {
	p.space()
	start := p.pos
	if strings.EqualFold(p.word(nameStops), w) {
		return true
	}
	p.pos = start
	return false
}

// option takes the name of an option and its =, if one of the names is next.
func (p *parser) option(names ...string) (string, bool) {
	p.space()
	start := p.pos
	name := strings.ToLower(p.word(nameStops))
	if slices.Contains(names, name) && p.accept('=') {
		return name, true
	}
	p.pos = start
	return "", false
}

// names reads the names of fields up to the end of the command.
func (p *parser) names(wild bool) (names []string, err error) {
	for !p.atEnd() {
		if p.accept(',') {
			continue
		}
		at := p.pos
		name, err := p.name("a field")
		if err != nil {
			return nil, err
		}
		if strings.Contains(name, "*") && !wild {
			return nil, p.errorf(at, "wildcards in field names are not supported (%q)", name)
		}
		names = append(names, name)
	}
	return names, nil
}

// someNames is names for commands that need one at least.
func (p *parser) someNames(wild bool) ([]string, error) {
	names, err := p.names(wild)
	if err == nil && len(names) == 0 {
		err = p.errorf(p.pos, "expected a field, found %s", p.found())
	}
	return names, err
}

// count takes a whole number.
func (p *parser) count(what string) (int, error) {
	p.space()
	start := p.pos
	n, err := strconv.Atoi(p.word(nameStops))
	if err != nil || n < 0 {
		return 0, p.errorf(start, "expected %s, found %s", what, p.term(start))
	}
	return n, nil
}

func (p *parser) search(int) ([]rule.Command, error) {
	e, err := p.and()
	if err != nil {
		return nil, err
	}
	return one(command.Search{Cond: e})
}

func (p *parser) where(int) ([]rule.Command, error) {
	c, err := p.condition()
	if err != nil {
		return nil, err
	}
	return one(command.Where{Cond: c})
}

func (p *parser) eval(int) (out []rule.Command, err error) {
	for {
		name, err := p.name("a field")
		if err != nil {
			return nil, err
		}
		if err := p.expect('=', "behind the field of eval"); err != nil {
			return nil, err
		}
		x, err := p.expression()
		if err != nil {
			return nil, err
		}
		out = append(out, command.Eval{Name: name, X: x})
		if len(out) > maxSteps {
			return nil, p.errorf(p.pos, "more than %d assignments", maxSteps)
		}
		if !p.accept(',') {
			return out, nil
		}
	}
}

func (p *parser) fillnull(int) ([]rule.Command, error) {
	fill := command.Fill{Value: "0"}
	for !p.atEnd() {
		if p.accept(',') {
			continue
		}
		var err error
		if _, ok := p.option("value"); ok {
			if fill.Value, err = p.value(); err != nil {
				return nil, err
			}
			continue
		}
		at := p.pos
		name, err := p.name("a field")
		if err != nil {
			return nil, err
		}
		if strings.Contains(name, "*") {
			return nil, p.errorf(at, "wildcards in field names are not supported (%q)", name)
		}
		fill.Names = append(fill.Names, name)
	}
	return one(fill)
}

func (p *parser) fields(int) ([]rule.Command, error) {
	remove := p.accept('-')
	if !remove {
		p.accept('+')
	}
	names, err := p.someNames(true)
	if err != nil {
		return nil, err
	}
	return one(command.Fields{Names: names, Remove: remove})
}

func (p *parser) table(int) ([]rule.Command, error) {
	names, err := p.someNames(true)
	if err != nil {
		return nil, err
	}
	var distinct []string
	for _, n := range names {
		if !slices.Contains(distinct, n) {
			distinct = append(distinct, n)
		}
	}
	return one(command.Table{Names: distinct})
}

// rename reads pairs; a comma may stand between them.
func (p *parser) rename(int) ([]rule.Command, error) {
	var c command.Rename
	for len(c.From) == 0 || !p.atEnd() {
		if len(c.From) > 0 && p.accept(',') {
			continue
		}
		p.space()
		at := p.pos
		from, err := p.name("a field")
		if err != nil {
			return nil, err
		}
		if !p.word0("as") {
			return nil, p.errorf(p.pos, "expected AS behind %q, found %s", from, p.found())
		}
		to, err := p.name("a field")
		if err != nil {
			return nil, err
		}
		if strings.Count(from, "*") < strings.Count(to, "*") || strings.Contains(from, "*") && !strings.Contains(to, "*") {
			return nil, p.errorf(at, "the names %q and %q have different wildcards", from, to)
		}
		c.From, c.To = append(c.From, from), append(c.To, to)
	}
	return one(c)
}

func (p *parser) nomv(int) ([]rule.Command, error) {
	name, err := p.name("a field")
	if err != nil {
		return nil, err
	}
	lines := expr.NewCall("mvjoin", []expr.Value{expr.Field{Name: name}, expr.Text{S: "\n"}})
	return one(command.Eval{Name: name, X: lines})
}
