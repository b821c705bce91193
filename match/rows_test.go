package match

import (
	"strings"
	"testing"

	"sluice/agg"
	"sluice/internal/record"
	"sluice/match/rule"
	"sluice/match/spl"
)

func rowsOf(t *testing.T, search string, lines ...string) (*Scanner, *agg.Table) {
	t.Helper()
	r, err := spl.Compile(search, spl.Env{})
	if err != nil {
		t.Fatal(err)
	}
	table := agg.New()
	sc := Compile([]*rule.Rule{r}, Options{}).NewScanner()
	sc.Hit = func(h *Hit) { table.Observe(&h.Hit) }
	for _, line := range lines {
		sc.Scan([]byte(line), []record.Record{{Kind: record.JSON, Hi: len(line)}})
	}
	return sc, table
}

const plainLine = `{"EventID":4104,"Channel":"C","Hostname":"h","ScriptBlockText":"invoke it","UserID":"S-1","@timestamp":"2024-05-01T09:12:33Z"}`

// A rule that needs no row of an event counts without allocating, as long as its
// groups are known; the decoder takes one allocation for the time.
func TestPlainRulesDoNotAllocate(t *testing.T) {
	for search, plain := range map[string]bool{
		`EventCode=4104 ScriptBlockText=*invoke* | stats count min(_time) max(_time) by dest user_id Path`:     true,
		`EventCode=4104 | fillnull | stats count by dest Path | rename dest as host | sort count`:              true,
		`EventCode=4104 | search ScriptBlockText=*it* | regex ScriptBlockText="^invoke" | stats count by dest`: true,
		`EventCode=4104 | rename Computer as dest | stats count by dest`:                                       false,
		`EventCode=4104 | stats values(user_id) by dest`:                                                       false,
		`EventCode=4104 | stats count by dest _time`:                                                           false,
	} {
		sc, table := rowsOf(t, search, plainLine)
		if len(table.Rows()) != 1 {
			t.Errorf("%s: %d rows", search, len(table.Rows()))
		}
		data, records := []byte(plainLine), []record.Record{{Kind: record.JSON, Hi: len(plainLine)}}
		n := testing.AllocsPerRun(100, func() { sc.Scan(data, records) })
		if (n <= 1) != plain {
			t.Errorf("%s: %v allocations an event", search, n)
		}
	}
}

// Commands before the grouping decide whether an event counts, and when it was.
func TestRowsOfEvents(t *testing.T) {
	t.Parallel()
	other := strings.ReplaceAll(plainLine, "invoke it", "other")
	sc, table := rowsOf(t, `EventCode=4104 | eval w=mvappend(ScriptBlockText,"x") | where ScriptBlockText="other" | bin _time span=1h | mvexpand w | stats count min(_time) by w`, plainLine, other, other)
	if sc.Counts.Matched != 2 {
		t.Errorf("%d events matched, want the two that where lets pass", sc.Counts.Matched)
	}
	rows := table.Rows()
	if len(rows) != 2 || string(rows[0].Key[0]) != "other" || rows[0].Count != 2 || rows[1].Count != 2 || rows[0].First != 1_714_554_000e9 {
		t.Errorf("rows %+v", rows)
	}
}
