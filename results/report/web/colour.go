package web

import (
	"fmt"
	"math"
)

// cividis are five colours of the scale by Nuñez, Anderton & Renslow (2018), which rises evenly in lightness for every colour vision.
var cividis = [...][3]float64{{0, 34, 78}, {61, 75, 109}, {124, 123, 120}, {186, 173, 103}, {254, 232, 56}}

// shade is the colour of a share in [0, 1] of the scale.
func shade(share float64) string {
	at := min(max(share, 0), 1) * float64(len(cividis)-1)
	i := min(int(at), len(cividis)-2)
	mix := func(k int) int {
		return int(math.Round(cividis[i][k] + float64((at-float64(i))*(cividis[i+1][k]-cividis[i][k]))))
	}
	return fmt.Sprintf("#%02x%02x%02x", mix(0), mix(1), mix(2))
}
