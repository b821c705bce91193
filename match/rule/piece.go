package rule

import (
	"bytes"
	"strings"
)

// piece is literal text of a pattern, folded, with a byte of it to look for.
type piece struct {
	text string
	at   int // of its rarest byte
}

// byCommon lists the bytes of folded script blocks, the most common first, as
// counted in the 4104 events of OTRF's Security-Datasets. Bytes that are not
// listed made up less than one in ten thousand.
const byCommon = " etairnomslcdp\n_u'$.bfyh=)(zv][g}{w\r,j-;x#k:@q012/3465"

func newPiece(text string) piece {
	p := piece{text: text}
	for i := range len(text) {
		if rarity(text[i]) > rarity(text[p.at]) {
			p.at = i
		}
	}
	return p
}

// rarity is larger for rarer bytes.
func rarity(c byte) int {
	if i := strings.IndexByte(byCommon, c); i >= 0 {
		return i
	}
	return len(byCommon)
}

const (
	// freeMisses and bytesPerMiss bound the places where the rare byte may stand
	// without the rest of the piece: with more, looking for it takes longer than
	// bytes.Index does, whose time is linear whatever the text.
	freeMisses   = 16
	bytesPerMiss = 16
)

// index returns the first place of the piece in s, or -1. bytes.Index looks for
// the first byte, which in a script is every twentieth; this looks for the
// rarest one. The 103 and 265 rules of bench/versus on dense data defend it.
func (p piece) index(s []byte) int {
	if len(p.text) == 0 {
		return 0
	}
	misses := 0
	for i := p.at; i < len(s); i++ {
		n := bytes.IndexByte(s[i:], p.text[p.at])
		if n < 0 {
			return -1
		}
		i += n
		lo := i - p.at
		if len(s)-lo < len(p.text) {
			return -1
		}
		if string(s[lo:lo+len(p.text)]) == p.text {
			return lo
		}
		if misses++; misses > freeMisses+i/bytesPerMiss {
			if n = bytes.Index(s[lo+1:], []byte(p.text)); n >= 0 {
				n += lo + 1
			}
			return n
		}
	}
	return -1
}
