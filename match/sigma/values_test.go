package sigma_test

// The values of the tests are sentences about a bakery.

var valueFixtures = []fixture{
	{
		name: "a text is the whole value in any case", detection: "s:\n  Text: Rye Bread\ncondition: s",
		yes: []string{`{"Text":"rye BREAD"}`, `{"Text":["wheat","Rye Bread"]}`},
		no:  []string{`{"Text":"rye bread roll"}`, `{"text":"rye bread"}`, `{"Text":""}`, `{}`},
	},
	{
		name: "wildcards", detection: "s:\n  Text: 'r?e*roll'\ncondition: s",
		yes: []string{`{"Text":"rye bread roll"}`, `{"Text":"r\u00fceroll"}`},
		no:  []string{`{"Text":"re roll"}`, `{"Text":"ryye roll"}`, `{"Text":"rye rolls"}`},
	},
	{
		name: "escaped wildcards", detection: `
s:
  Text: 'five\*stars\?'
condition: s`,
		yes: []string{`{"Text":"Five*Stars?"}`}, no: []string{`{"Text":"five golden stars!"}`, `{"Text":"five\\*stars\\?"}`},
	},
	{
		name: "backslashes", detection: `
s:
  Text:
    - 'oven\door'
    - 'cellar\\*'
    - '\\\\shop\till'
    - '\\\*'
condition: s`,
		yes: []string{`{"Text":"OVEN\\door"}`, `{"Text":"cellar\\flour"}`, `{"Text":"\\\\shop\\till"}`, `{"Text":"\\*"}`},
		no:  []string{`{"Text":"oven\\\\door"}`, `{"Text":"cellar"}`, `{"Text":"\\shop\\till"}`, `{"Text":"\\x"}`},
	},
	{
		name: "a list is any of it", detection: "s:\n  Text: [oat, rye, spelt*]\ncondition: s",
		yes: []string{`{"Text":"oat"}`, `{"Text":"spelt flour"}`}, no: []string{`{"Text":"oats"}`, `{"Text":"wheat"}`},
	},
	{
		name: "a mapping is all of it", detection: "s:\n  Text: oat\n  Kind: flour\ncondition: s",
		yes: []string{`{"Text":"oat","Kind":"flour"}`}, no: []string{`{"Text":"oat"}`, `{"Text":"oat","Kind":"flake"}`},
	},
	{
		name: "a list of mappings is any of them", detection: "s:\n  - Text: oat\n    Kind: flour\n  - Text: rye\ncondition: s",
		yes: []string{`{"Text":"oat","Kind":"flour"}`, `{"Text":"rye"}`}, no: []string{`{"Text":"oat"}`, `{"Kind":"flour"}`},
	},
	{
		name: "numbers", detection: "s:\n  Loaves: 12\n  Price: 3.50\ncondition: s",
		yes: []string{`{"Loaves":12,"Price":3.5}`, `{"Loaves":"012","Price":"3.50"}`}, no: []string{`{"Loaves":120,"Price":3.5}`, `{"Loaves":12,"Price":35}`},
	},
	{
		name: "hexadecimal numbers", detection: "s:\n  Mask: 0x1F\ncondition: s",
		yes: []string{`{"Mask":"0x1f"}`, `{"Mask":31}`}, no: []string{`{"Mask":"1f"}`},
	},
	{
		name: "booleans", detection: "s:\n  Fresh: true\ncondition: s",
		yes: []string{`{"Fresh":true}`, `{"Fresh":"True"}`}, no: []string{`{"Fresh":false}`, `{"Fresh":1}`},
	},
	{
		name: "null is absent", detection: "s:\n  Text: oat\n  Kind: null\ncondition: s",
		yes: []string{`{"Text":"oat"}`, `{"Text":"oat","Kind":null}`, "<EventData><Data Name='Text'>oat</Data></EventData>"},
		no: []string{`{"Text":"oat","Kind":"flour"}`, `{"Text":"oat","Kind":""}`, `{"Text":"oat","Kind":[""]}`,
			"<EventData><Data Name='Text'>oat</Data><Data Name='Kind'/></EventData>"},
	},
	{
		name: "null in a list", detection: "s:\n  Text: oat\n  Kind: [null, flake]\ncondition: s",
		yes: []string{`{"Text":"oat"}`, `{"Text":"oat","Kind":"flake"}`}, no: []string{`{"Text":"oat","Kind":"flour"}`},
	},
	{
		name: "an empty text", detection: "s:\n  Text: oat\n  Kind: ''\ncondition: s",
		yes: []string{`{"Text":"oat","Kind":""}`, `{"Text":"oat","Kind":" "}`, `{"Text":"oat","Kind":["flour",""]}`,
			"<EventData><Data Name='Text'>oat</Data><Data Name='Kind'></Data></EventData>",
			"<EventData><Data Name='Text'>oat</Data><Data Name='Kind'/></EventData>",
			"<UserData><Bread xmlns='b'><Text>oat</Text><Kind/></Bread></UserData>"},
		no: []string{`{"Text":"oat","Kind":"flour"}`, `{"Text":"oat"}`, `{"Text":"oat","Kind":null}`, `{"Text":"oat","Kind":[]}`},
	},
	{
		name: "a star is any value", detection: "s:\n  Kind: '*'\ncondition: s",
		yes: []string{`{"Kind":"flour"}`, `{"Kind":""}`}, no: []string{`{"Kind":null}`, `{"Text":"oat"}`},
	},
	{
		name: "null and empty, which rules that are careful write both", detection: "s:\n  Text: oat\nf:\n  Kind: null\ng:\n  Kind: ''\ncondition: s and not f and not g",
		yes: []string{`{"Text":"oat","Kind":"flour"}`}, no: []string{`{"Text":"oat"}`, `{"Text":"oat","Kind":""}`},
	},
	{
		name: "something is there, but for what is absent", detection: "s:\n  Text: oat\nf:\n  Kind: null\ncondition: s and not f",
		yes: []string{`{"Text":"oat","Kind":""}`, `{"Text":"oat","Kind":"x"}`}, no: []string{`{"Text":"oat"}`},
	},
	{
		name: "empty names", detection: "s:\n  Feature_Name: ''\n  Channel: ''\ncondition: s",
		yes: []string{`{"Feature Name":"","Channel":""}`, `{"Feature_Name":"","Channel":""}`},
		no:  []string{`{"Feature Name":"","Channel":"x"}`, `{"Feature Name":""}`, `{"Feature Name":"","Feature_Name":"x","Channel":""}`},
	},
	{
		name: "blanks at the end", detection: "s:\n  Logon: NtLmSsp\n  Loaves: 12\n  Image|endswith: '\\oven.exe'\ncondition: s",
		yes: []string{`{"Logon":"NtLmSsp ","Loaves":"12 ","Image":"c:\\oven.exe\r\n\t\t"}`, `{"Logon":"ntlmssp \u000b\u000c","Loaves":12,"Image":"\\oven.exe"}`},
		no:  []string{`{"Logon":" NtLmSsp","Loaves":12,"Image":"\\oven.exe"}`, `{"Logon":"NtLmSsp x","Loaves":12,"Image":"\\oven.exe"}`, `{"Logon":"NtLmSsp","Loaves":"12 3","Image":"\\oven.exe"}`},
	},
	{
		name: "blanks that a rule asks for", detection: "s:\n  A|endswith: ' '\n  B|contains: ' -e '\n  C: 'x '\n  D|endswith: 'y?'\ncondition: s",
		yes: []string{`{"A":"net use ","B":"oven -e ","C":"x   ","D":"y   "}`, `{"A":"  ","B":"oven -e x","C":"x ","D":"yz "}`},
		no: []string{`{"A":"net use","B":"oven -e ","C":"x ","D":"y "}`, `{"A":" ","B":"oven -e","C":"x ","D":"y "}`,
			`{"A":" ","B":" -e ","C":"x","D":"y "}`, `{"A":" ","B":" -e ","C":"x ","D":"y"}`},
	},
	{
		name: "blanks at the end that are to be left out", detection: "s:\n  Text: oat\nf:\n  Kind: [flour, flake]\ncondition: s and not f",
		yes: []string{`{"Text":"oat ","Kind":"flours"}`}, no: []string{`{"Text":"oat","Kind":"flake "}`, `{"Text":"oat","Kind":["bran","flour\n"]}`},
	},
	{
		name: "keywords", detection: "s:\n  - sourdough\n  - 'rye*roll'\n  - 42\ncondition: s",
		yes: []string{`{"Any":"the SourDough starter"}`, `{"A":"x","B":"two rye bread rolls"}`, `{"A":"1422"}`},
		no:  []string{`{"Any":"sour dough"}`, `{"A":"rye","B":"roll"}`, `{"sourdough":"name of a field"}`},
	},
	{
		name: "a keyword of the System section", detection: "s: some provider\ncondition: s",
		yes: []string{`{"A":"x"}`}, no: nil,
	},
	{
		name: "keywords that all must be there", detection: "s:\n  '|all':\n    - yeast\n    - salt\ncondition: s",
		yes: []string{`{"A":"yeast and salt"}`, `{"A":"Yeast","B":"Salt"}`}, no: []string{`{"A":"yeast"}`, `{"A":"sal","B":"t yeast"}`},
	},
	{
		name: "keywords or mappings", detection: "s:\n  - malt\n  - Text: oat\ncondition: s",
		yes: []string{`{"A":"malted"}`, `{"Text":"oat"}`}, no: []string{`{"A":"oat"}`},
	},
	{
		name: "aliases of YAML", detection: "s:\n  Text: &grain [oat, rye]\nt:\n  Kind: *grain\ncondition: s and t",
		yes: []string{`{"Text":"oat","Kind":"rye"}`}, no: []string{`{"Text":"oat"}`},
	},
}

var modifierFixtures = []fixture{
	{
		name: "contains", detection: "s:\n  Text|contains: 'a r?e*b'\ncondition: s",
		yes: []string{`{"Text":"a rye b"}`, `{"Text":"bake A RYE loaf and bread"}`}, no: []string{`{"Text":"a rye"}`, `{"Text":"arye b"}`},
	},
	{
		name: "contains all", detection: "s:\n  Text|contains|all: [oat, rye]\ncondition: s",
		yes: []string{`{"Text":"ryeoat"}`}, no: []string{`{"Text":"oat"}`, `{"Text":"ry oat"}`},
	},
	{
		name: "startswith", detection: "s:\n  Text|startswith: rye\ncondition: s",
		yes: []string{`{"Text":"Rye"}`, `{"Text":"ryebread"}`}, no: []string{`{"Text":" rye"}`},
	},
	{
		name: "endswith", detection: `
s:
  Text|endswith: '\oven.exe'
condition: s`,
		yes: []string{`{"Text":"C:\\Bakery\\OVEN.exe"}`}, no: []string{`{"Text":"C:\\oven.exe.bak"}`, `{"Text":"coldoven.exe"}`},
	},
	{
		name: "cased", detection: "s:\n  Text|contains|cased: RyE\ncondition: s",
		yes: []string{`{"Text":"a RyE b"}`}, no: []string{`{"Text":"a rye b"}`},
	},
	{
		name: "re", detection: `
s:
  Text|re: 'ry{1,2}e\s+b[rt]'
condition: s`,
		yes: []string{`{"Text":"my ryye  bread"}`}, no: []string{`{"Text":"my Rye bread"}`, `{"Text":"ryebread"}`},
	},
	{
		name: "re of PCRE", detection: "s:\n  Text|re|i: '^rye\\s\\Qb(\\E\\h*\\Kread(?#x)$'\ncondition: s",
		yes: []string{`{"Text":"Rye\u000bb(read"}`, `{"Text":"rye b(\u00a0read\n"}`}, no: []string{`{"Text":"ryesb(read"}`, `{"Text":"rye b(\u000bread"}`},
	},
	{
		name: "re with i, m and s", detection: "s:\n  Text|re|i|m|s: '^rye.bread$'\ncondition: s",
		yes: []string{`{"Text":"a\nRYE\nBread\nb"}`}, no: []string{`{"Text":"a rye\nbread"}`},
	},
	{
		name: "blanks at the end, in every comparison",
		detection: `
s:
  A|re: '^rye$'
  B|re|m: 'oat$'
  C|cidr: 10.0.0.0/8
  D|gt: 3
  E|fieldref: F
  G|endswith|fieldref: F
  H|contains|cased: Rye
condition: s`,
		yes: []string{`{"A":"rye \n ","B":"x\noat  ","C":"10.1.1.1 ","D":"4 ","E":"f  ","F":"F ","G":"xf\t","H":"Rye "}`},
		no: []string{`{"A":"rye x","B":"x\noat","C":"10.1.1.1","D":"4","E":"f","F":"F","G":"xf","H":"Rye"}`,
			`{"A":"rye","B":"x\noat y","C":"10.1.1.1","D":"4","E":"f","F":"F","G":"xf","H":"Rye"}`,
			`{"A":"rye","B":"oat","C":"10.1.1.1 1","D":"4","E":"f","F":"F","G":"xf","H":"Rye"}`,
			`{"A":"rye","B":"oat","C":"10.1.1.1","D":"3 ","E":"f","F":"F","G":"xf","H":"Rye"}`,
			`{"A":"rye","B":"oat","C":"10.1.1.1","D":"4","E":" f","F":"F","G":"xf","H":"Rye"}`},
	},
	{
		name: "expressions of empty values", detection: "s:\n  A|re: '^$'\n  B|re: '.*'\ncondition: s",
		yes: []string{`{"A":"","B":""}`, `{"A":" ","B":"x"}`}, no: []string{`{"A":"","C":"x"}`, `{"B":"x"}`, `{"A":"x","B":"x"}`},
	},
	{
		name: "re without m and s", detection: "s:\n  Text|re: '^rye.bread$'\ncondition: s",
		yes: []string{`{"Text":"rye bread"}`, `{"Text":"rye bread\n"}`}, no: []string{`{"Text":"rye\nbread"}`, `{"Text":"a\nrye bread"}`, `{"Text":"rye bread\nb"}`},
	},
	{
		name: "cidr", detection: "s:\n  Address|cidr: [10.20.0.0/16, 'fd00::/8', 192.0.2.7]\ncondition: s",
		yes: []string{`{"Address":"10.20.255.1"}`, `{"Address":"::ffff:10.20.0.1"}`, `{"Address":"FD12::1"}`, `{"Address":"192.0.2.7"}`},
		no:  []string{`{"Address":"10.21.0.1"}`, `{"Address":"192.0.2.8"}`, `{"Address":"10.20"}`, `{"Address":"-"}`},
	},
	{
		name: "base64", detection: "s:\n  Text|base64|contains: baker\ncondition: s", // YmFrZXI=
		yes: []string{`{"Text":"run YmFrZXI= now"}`}, no: []string{`{"Text":"YmFrZXIg"}`, `{"Text":"baker"}`},
	},
	{
		name: "base64offset", detection: "s:\n  Text|base64offset|contains: sourdough\ncondition: s",
		// "sourdough starter", "a sourdough", "my sourdough!" and one letter short.
		yes: []string{`{"Text":"c291cmRvdWdoIHN0YXJ0ZXI="}`, `{"Text":"YSBzb3VyZG91Z2g="}`, `{"Text":"eHNvdXJkb3VnaCE="}`},
		no:  []string{`{"Text":"c291cmRvdWc="}`, `{"Text":"sourdough"}`},
	},
	{
		name: "wide", detection: "s:\n  Text|wide|base64offset|contains: rye\n  Kind|utf16le|base64: rye\ncondition: s",
		yes: []string{`{"Text":"xxcgB5AGUAxx","Kind":"cgB5AGUA"}`}, no: []string{`{"Text":"xxcnllxx","Kind":"cgB5AGUA"}`},
	},
	{
		name: "utf16 and utf16be", detection: "s:\n  A|utf16|base64: r\n  B|utf16be|base64: r\ncondition: s",
		yes: []string{`{"A":"//5yAA==","B":"AHI="}`}, no: []string{`{"A":"cgA=","B":"AHI="}`, `{"A":"//5yAA==","B":"cgA="}`},
	},
	{
		name: "windash", detection: "s:\n  Text|contains|windash: ' -knead'\ncondition: s",
		yes: []string{`{"Text":"oven.exe -KNEAD"}`, `{"Text":"oven.exe /knead"}`, `{"Text":"oven.exe \u2013knead"}`, `{"Text":"oven \u2014knead"}`, `{"Text":"oven \u2015knead"}`},
		no:  []string{`{"Text":"oven.exe knead"}`, `{"Text":"oven.exe-knead"}`},
	},
	{
		name: "windash of several dashes", detection: "s:\n  Text|windash|contains|all: ['-a /b', 'x-y']\ncondition: s",
		yes: []string{`{"Text":"x-y -a /b"}`, `{"Text":"x-y /a -b"}`}, no: []string{`{"Text":"x/y -a /b"}`, `{"Text":"x-y a b"}`},
	},
	{
		name: "windash of another dash", detection: "s:\n  Text|endswith|windash: \u2013knead\ncondition: s",
		yes: []string{`{"Text":"oven -knead"}`, `{"Text":"oven \u2013knead"}`}, no: []string{`{"Text":"oven knead"}`},
	},
	{
		name: "exists", detection: "s:\n  Text|exists: true\n  Kind|exists: false\ncondition: s",
		yes: []string{`{"Text":"x"}`, `{"Text":"","Kind":null}`}, no: []string{`{"Kind":"x"}`, `{"Text":"x","Kind":"y"}`, `{"Text":"x","Kind":""}`},
	},
	{
		name: "gt and lte", detection: "s:\n  Loaves|gt: 9\n  Price|lte: 3.5\ncondition: s",
		yes: []string{`{"Loaves":10,"Price":3.5}`, `{"Loaves":"100","Price":-1}`}, no: []string{`{"Loaves":9,"Price":1}`, `{"Loaves":10,"Price":3.6}`, `{"Loaves":"many","Price":1}`},
	},
	{
		name: "gte and lt", detection: "s:\n  Loaves|gte: 9\n  Price|lt: 3\ncondition: s",
		yes: []string{`{"Loaves":9,"Price":2.99}`}, no: []string{`{"Loaves":8,"Price":1}`, `{"Loaves":9,"Price":3}`, `{"Loaves":9,"Price":"-"}`},
	},
	{
		name: "fieldref", detection: "s:\n  Text|fieldref: Kind\ncondition: s",
		yes: []string{`{"Text":"Oat","Kind":"oat"}`}, no: []string{`{"Text":"oat"}`, `{"Text":"oat","Kind":"oats"}`, `{}`},
	},
	{
		name: "fieldref with relations", detection: "s:\n  A|fieldref|startswith: X\n  B|endswith|fieldref: X\n  C|fieldref|contains: X\n  D|fieldref|cased: X\ncondition: s",
		yes: []string{`{"X":"Rye","A":"rye roll","B":"my rye","C":"my rye roll","D":"Rye"}`},
		no:  []string{`{"X":"Rye","A":"my rye","B":"my rye","C":"my rye roll","D":"Rye"}`, `{"X":"Rye","A":"rye roll","B":"my rye","C":"my rye roll","D":"rye"}`},
	},
	{
		name: "neq", detection: "s:\n  Text: oat\n  Kind|neq: [flour, flake]\ncondition: s",
		yes: []string{`{"Text":"oat","Kind":"bran"}`, `{"Text":"oat"}`}, no: []string{`{"Text":"oat","Kind":"Flake"}`},
	},
	{
		name: "neq with fieldref", detection: "s:\n  Text|neq|fieldref: Kind\ncondition: s",
		yes: []string{`{"Text":"oat","Kind":"rye"}`}, no: []string{`{"Text":"oat","Kind":"oat"}`},
	},
}
