package corpus

import (
	"strconv"
	"strings"
)

// Script returns a script block as most are: code of a few lines or a few
// hundred, which the detection has nothing to do with. One in thirty names what
// other detections look for.
func (g *Generator) Script() *Event {
	lines := 1 + g.rng.IntN(5)
	switch n := g.rng.IntN(10); {
	case n < 2:
		lines = 150 + g.rng.IntN(300)
	case n < 7:
		lines = 20 + g.rng.IntN(150)
	}
	notable := -1
	if g.rng.IntN(30) == 0 {
		notable = g.rng.IntN(lines)
	}
	var b strings.Builder
	for i := range lines {
		if i == notable {
			b.WriteString(pick(g, notables))
		} else {
			fill := strings.NewReplacer("<1>", pick(g, identifiers), "<2>", pick(g, identifiers), "<3>", strconv.Itoa(g.rng.IntN(1000)))
			b.WriteString(fill.Replace(pick(g, codeLines)))
		}
		b.WriteString("\r\n")
	}
	return g.scriptBlock(b.String())
}

// Quiet returns Noise that is no script block and names no literal of the
// detection, as most of an archive does.
func (g *Generator) Quiet() *Event {
	for {
		e := g.Noise()
		text := asciiLower(message(e))
		if e.EventID != 4104 && !strings.Contains(text, "ipinfo") && !strings.Contains(text, "ipify") {
			return e
		}
	}
}

// codeLines take two identifiers, at <1> and <2>, and a number at <3>.
var codeLines = []string{
	"    if ($<1>.ContainsKey('<2>')) { $<2> = $<1>['<2>'] }", "    $<1> = [int]$<2> + <3>",
	"function Update-<1> {", "    param([Parameter(Mandatory=$true)][string]$<1>, [switch]$<2>)", "}", "",
	"    # the <1> of a <2>, at most <3>", "    Write-Verbose -Message \"<1>: $($<2>.Count) of <3>\"",
	"    foreach ($<1> in $<2>) { $total += $<1>.Length }", "    return $<1> | Sort-Object -Property <2> -Descending",
	"    $<1>.Add((Join-Path $<2> 'part<3>.log')) > $null", "    [Microsoft.PowerShell.Cmdletization.MethodParameter]$<1>",
	"    while (-not $<1>.Done -and $<2> -lt <3>) { $<2>++ }", "        & $scriptCmd @PSBoundParameters; $__<1>.Process($_)",
	"    try { $<1>.Close() } catch { throw \"cannot close <<2>>: $_\" }", "    $<1> = \"C:\\ProgramData\\<2>\\v<3>\"",
}

var identifiers = []string{
	"cimSession", "target", "queryBuilder", "Resource", "value", "methodParameters", "interfaceAlias", "Rule", "package",
	"result", "Adapter", "objectModelWrapper", "configuration", "item", "Volume", "localized", "address", "share",
}

// notables name what detections look for and administrators use.
var notables = []string{
	"Get-Process | Where-Object { $_.CPU -gt 10 }", "Invoke-Expression $command", "$b = [System.Convert]::FromBase64String($text)",
	"Get-WmiObject -Class Win32_OperatingSystem", "Start-Sleep -Seconds 5", "Get-Service | Out-File C:\\services.txt",
	"$c = New-Object System.Net.WebClient", "powershell.exe -nop -w hidden -enc SQBFAFgA", "Get-ADUser -Filter * -Properties mail",
}
