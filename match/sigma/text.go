package sigma

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"sluice/match/rule"
)

// maxSpellings bounds what one value may stand for.
const maxSpellings = 1000

// transform applies a modifier to texts; next is the one behind it. reason tells
// why that cannot be.
func transform(texts [][]rule.Part, step, next string) (out [][]rule.Part, reason string) {
	for _, text := range texts {
		switch step {
		case "contains", "startswith", "endswith":
			out = append(out, wrap(text, step))
		case "windash":
			out = append(out, windash(text)...)
		default:
			lit, ok := literal(text)
			if !ok {
				return nil, fmt.Sprintf("a text for %s must not hold wildcards", step)
			}
			for _, s := range encode(lit, step) {
				out = append(out, []rule.Part{{Text: s}})
			}
			if !strings.HasPrefix(step, "base64") && !strings.HasPrefix(next, "base64") {
				return nil, fmt.Sprintf("%s must be followed by base64 or base64offset: no field holds its bytes", step)
			}
		}
		if len(out) > maxSpellings {
			return nil, fmt.Sprintf("a value has more than %d spellings", maxSpellings)
		}
	}
	return out, ""
}

// wrap lets a text begin or end anywhere.
func wrap(text []rule.Part, step string) []rule.Part {
	star := rule.Part{Kind: rule.Any}
	if step != "startswith" && (len(text) == 0 || text[0] != star) {
		text = append([]rule.Part{star}, text...)
	}
	if step != "endswith" && (len(text) == 0 || text[len(text)-1] != star) {
		text = append(text[:len(text):len(text)], star)
	}
	return text
}

// literal returns a text without wildcards.
func literal(text []rule.Part) (lit string, ok bool) {
	for _, x := range text {
		if x.Kind != rule.Literal {
			return "", false
		}
		lit += x.Text
	}
	return lit, true
}

// encode applies one of the modifiers that encode.
func encode(s, step string) []string {
	switch step {
	case "base64":
		return []string{base64.StdEncoding.EncodeToString([]byte(s))}
	case "base64offset":
		return offsets(s)
	case "utf16be":
		return []string{utf16Text(s, 1, 0)}
	case "utf16":
		return []string{"\xff\xfe" + utf16Text(s, 0, 1)}
	}
	return []string{utf16Text(s, 0, 1)} // wide, utf16le
}

// utf16Text returns the bytes of s in UTF-16; lo and hi are where a unit has its
// lower and its higher byte.
func utf16Text(s string, lo, hi int) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		var two [2]byte
		two[lo], two[hi] = byte(u), byte(u>>8)
		b = append(b, two[:]...)
	}
	return string(b)
}

// offsets returns what of the Base64 of s does not depend on the text around it,
// where s begins 0, 1 and 2 bytes behind a multiple of three. Six bits make a
// character: those that also hold bits of a neighbour are left out.
func offsets(s string) (out []string) {
	for shift := range 3 {
		padded := strings.Repeat("\x00", shift) + s
		code := base64.RawStdEncoding.EncodeToString([]byte(padded))
		from := (8*shift + 5) / 6
		to := 8 * len(padded) / 6
		if from < to {
			out = append(out, code[from:to])
		}
	}
	return out
}

// dashes are what Windows programs take for the dash of an option.
var dashes = []string{"-", "/", "\u2013", "\u2014", "\u2015"}

// windash returns text with each of dashes in the place of every one that begins an
// option: in front of a letter, digit or underscore, and behind none.
func windash(text []rule.Part) [][]rule.Part {
	out := [][]rule.Part{nil}
	put := func(alternatives ...string) {
		var longer [][]rule.Part
		for _, o := range out {
			for _, a := range alternatives {
				if len(longer) <= maxSpellings {
					longer = append(longer, append(o[:len(o):len(o)], rule.Part{Text: a}))
				}
			}
		}
		out = longer
	}
	for _, x := range text {
		if x.Kind != rule.Literal {
			for i := range out {
				out[i] = append(out[i][:len(out[i]):len(out[i])], x)
			}
			continue
		}
		from := 0
		for i, r := range x.Text {
			n := utf8.RuneLen(r)
			if !slices.Contains(dashes, string(r)) || n < 0 || !beginsOption(x.Text[:i], x.Text[i+n:]) {
				continue
			}
			put(x.Text[from:i])
			put(dashes...)
			from = i + n
		}
		put(x.Text[from:])
	}
	return out
}

func beginsOption(before, behind string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	first, _ := utf8.DecodeRuneInString(behind)
	return (before == "" || !isWord(last)) && behind != "" && isWord(first)
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
