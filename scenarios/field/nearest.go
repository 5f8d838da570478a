package field

// Nearest is the name that is closest to one that was mistyped, by how many bytes must be changed, left out or put in (Levenshtein 1966, Soviet Physics Doklady 10);
// "" where none is close: fewer than half of its bytes and two more.
func Nearest(name string, names []string) (best string) {
	least := len(name)/2 + 2
	row := make([]int, 0, 64)
	for _, n := range names {
		if len(n) > 2*len(name)+2 {
			continue
		}
		row = row[:0]
		for j := 0; j <= len(n); j++ {
			row = append(row, j)
		}
		for i := 1; i <= len(name); i++ {
			diagonal := row[0]
			row[0] = i
			for j := 1; j <= len(n); j++ {
				change := diagonal
				if name[i-1] != n[j-1] {
					change++
				}
				diagonal = row[j]
				row[j] = min(change, row[j]+1, row[j-1]+1)
			}
		}
		if row[len(n)] < least {
			best, least = n, row[len(n)]
		}
	}
	return best
}
