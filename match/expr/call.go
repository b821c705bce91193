package expr

import (
	"slices"

	"sluice/match/row"
)

// Call is a function of values; see Function.
type Call struct {
	name string
	fn   *function
	args []Value
}

// function is what Functions lists.
type function struct {
	min, max int // how many arguments
	// each says that the function is of one value: several in its first argument
	// give as many results.
	each bool
	// nulls says that the function looks at null arguments; another is null for them.
	nulls bool
	call  func(env *Env, args []row.Value) row.Value
}

// maxArgs bounds the arguments of functions of any number.
const maxArgs = 1000

var functions map[string]*function

func init() {
	functions = map[string]*function{}
	for _, table := range []map[string]*function{textFunctions, numberFunctions, multiFunctions, timeFunctions, jsonFunctions} {
		for name, f := range table {
			functions[name] = f
		}
	}
}

// Functions returns the names of the functions of values, sorted.
func Functions() []string {
	var names []string
	for name := range functions {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Arity returns how many arguments a function takes; ok is false if there is none of
// the name.
func Arity(name string) (lo, hi int, ok bool) {
	f := functions[name]
	if f == nil {
		return 0, 0, false
	}
	return f.min, f.max, true
}

// NewCall returns a call of a function that Arity knows, with as many arguments as it
// takes.
func NewCall(name string, args []Value) Call {
	return Call{name: name, fn: functions[name], args: args}
}

// Name returns the name of the function.
func (e Call) Name() string { return e.name }

// Args returns the arguments. The caller must not change them.
func (e Call) Args() []Value { return e.args }

func (e Call) String() string { return list(e.name, e.args...) }

func (e Call) fields(add func(string)) { each(add, e.args...) }

// Value returns the function's result.
func (e Call) Value(s *Scope) row.Value {
	args := make([]row.Value, len(e.args))
	for i, a := range e.args {
		args[i] = a.Value(s)
		if args[i].IsNull() && !e.fn.nulls {
			return row.Value{}
		}
	}
	if !e.fn.each || args[0].Kind() != row.Multi {
		return e.fn.call(s.Env, args)
	}
	var out []string
	for _, text := range args[0].Texts() {
		args[0] = row.OfText(text)
		if v := e.fn.call(s.Env, args); !v.IsNull() {
			out = append(out, v.Texts()...)
		}
	}
	return row.OfTexts(out)
}

// Filter is mvfilter(Cond): the values of Field for which Cond holds, with Field
// standing for each.
type Filter struct {
	Field string
	Cond  Cond
}

// Map is mvmap(Field, Expr): Expr for each value of Field.
type Map struct {
	Field string
	Expr  Value
}

func (e Filter) String() string { return list("mvfilter", e.Cond) }
func (e Map) String() string    { return list("mvmap", Value(Field{e.Field}), e.Expr) }

func (e Filter) fields(add func(string)) { e.Cond.fields(add) }
func (e Map) fields(add func(string)) {
	add(e.Field)
	e.Expr.fields(add)
}

// Value returns the values that remain.
func (e Filter) Value(s *Scope) row.Value {
	var out []string
	eachValue(s, e.Field, func(s *Scope, text string) {
		if e.Cond.Holds(s) {
			out = append(out, text)
		}
	})
	return row.OfTexts(out)
}

// Value returns the results.
func (e Map) Value(s *Scope) row.Value {
	var out []string
	eachValue(s, e.Field, func(s *Scope, _ string) { out = append(out, e.Expr.Value(s).Texts()...) })
	return row.OfTexts(out)
}

// eachValue calls f with rows in which the field has one value.
func eachValue(s *Scope, field string, f func(*Scope, string)) {
	i := s.Table.Index(field)
	values := row.Get(s.Row, i)
	if values.IsNull() {
		return
	}
	one := Scope{Table: s.Table, Row: slices.Clone(s.Row), Env: s.Env}
	for k := range values.Len() {
		one.Row[i] = values.At(k)
		f(&one, one.Row[i].String())
	}
}
