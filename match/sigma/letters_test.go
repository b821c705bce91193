package sigma_test

// Letters beyond ASCII, as the last of several comparisons of one value, in every modifier
// that compares letters.
var letterFixtures = []fixture{
	{
		name: "endings in any case", detection: `
s:
  Text|endswith: ['\Brot', '\Brötchen', '\ХЛЕБ']
condition: s`,
		yes: []string{`{"Text":"ofen\\хлеб"}`, `{"Text":"ofen\\ХЛЕБ"}`, `{"Text":"OFEN\\BRÖTCHEN"}`, `{"Text":["x","ofen\\Хлеб"]}`, `{"Text":"ofen\\\u0425\u043b\u0435\u0431"}`},
		no:  []string{`{"Text":"ofen\\хлеба"}`, `{"Text":"ofen\\BROTCHEN"}`, `{"Text":"хлеб"}`},
	},
	{
		name: "all of several", detection: `
s:
  Text|contains|all: ['Weißbrot', 'ΣΊΤΟΣ', 'Ⱥbc', 'Ａｂ', 'Ꭰꭱ']
condition: s`,
		yes: []string{`{"Text":"WEIẞBROT σίτοσ ⱥBC ａＢ ꭰᎡ"}`},
		no:  []string{`{"Text":"WEISSBROT σίτοσ ⱥBC ａＢ ꭰᎡ"}`, `{"Text":"WEIẞBROT σίτος ⱥBC ａＢ ꭰᎡ"}`, `{"Text":"WEIẞBROT σίτοσ aBC ａＢ ꭰᎡ"}`},
	},
	{
		name: "letters that only other tools take for ASCII", detection: `
s:
  Text|contains: ['abc1', 'abc2', 'abc3', 'kefir', 'milk-i']
condition: s`,
		yes: []string{`{"Text":"é KEFIR"}`, `{"Text":"MILK-I ß"}`},
		no:  []string{`{"Text":"\u212aefir"}`, `{"Text":"milk-\u0130"}`, `{"Text":"mil\u212a-i"}`, `{"Text":"milk-\u0131"}`},
	},
	{
		name: "case that counts", detection: `
s:
  Text|contains|cased: ['Brot1', 'Brot2', 'Brot3', 'Ähre', 'Պան']
condition: s`,
		yes: []string{`{"Text":"die Ähre"}`, `{"Text":"xՊանy"}`}, no: []string{`{"Text":"die ähre"}`, `{"Text":"պան"}`, `{"Text":"ՊԱՆ"}`},
	},
	{
		name: "another field", detection: `
s:
  Text|fieldref|endswith: Kind
condition: s`,
		yes: []string{`{"Text":"ein КЕКС","Kind":"кекс"}`, `{"Text":"ein ᲙᲔᲥᲡᲘ","Kind":"კექსი"}`}, no: []string{`{"Text":"ein КЕКС","Kind":"кекc"}`},
	},
	{
		name: "negated and quoted", detection: `
a:
  Text|startswith: ['Öl', 'Ör', 'Ös', 'Über']
b:
  Text|contains: '?ÄHRE*Ё'
condition: a and not b`,
		yes: []string{`{"Text":"übermut"}`}, no: []string{`{"Text":"ÜBER ähre ё"}`, `{"Text":"uber"}`},
	},
	{
		name: "keywords and expressions", detection: `
keywords: ['abc1', 'abc2', 'ГРИБ', 'Ὠδή']
re:
  Text|re|i: 'pilz|гриб|ſahne'
condition: keywords and re`,
		yes: []string{`{"Text":"гриб"}`, `{"Text":"Sahne","Kind":"ὠδή"}`}, no: []string{`{"Text":"Sahne"}`, `{"Text":"гри"}`},
	},
}
