// Package report draws the pictures of a run: learning curves, price paths, policies and comparisons, as SVG and PNG.
// The same input gives the same bytes; the font (Liberation Sans) is compiled in. Colours are those of Okabe & Ito
// (2008), which people with any colour vision can tell apart.
package report

import (
	"bytes"
	"image/color"
	"io"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Picture is a finished drawing.
type Picture struct {
	height vg.Length
	draw   func(c *draw.Canvas)
}

// Sizes in points. A picture is 800 pixels wide in an SVG and twice that in a PNG, for sharp screens.
const (
	width     = vg.Length(600)
	margin    = vg.Length(14)
	pngDPI    = 192
	titleSize = 13
	textSize  = 10
	smallSize = 9
	lineHigh  = vg.Length(14)
)

// SVG writes the picture as SVG. Text stays text, in Liberation Sans or a font of the same widths (Arimo, Arial, Helvetica).
func (p *Picture) SVG(w io.Writer) error {
	svg := vgsvg.NewWith(vgsvg.UseWH(width, p.height))
	c := draw.New(svg)
	p.paint(&c)
	var b bytes.Buffer
	if _, err := svg.WriteTo(&b); err != nil {
		return err
	}
	_, err := w.Write(bytes.ReplaceAll(b.Bytes(), []byte("font-family:Liberation Sans"), []byte("font-family:Liberation Sans,Arimo,Arial,Helvetica,sans-serif")))
	return err
}

// PNG writes the picture as PNG, 1600 pixels wide.
func (p *Picture) PNG(w io.Writer) error {
	img := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, p.height), vgimg.UseDPI(pngDPI), vgimg.UseBackgroundColor(color.White))}
	c := draw.New(img)
	p.paint(&c)
	_, err := img.WriteTo(w)
	return err
}

func (p *Picture) paint(c *draw.Canvas) {
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	p.draw(c)
}

var (
	ink   = color.NRGBA{0x22, 0x22, 0x22, 0xff}
	soft  = color.NRGBA{0x5a, 0x5a, 0x5a, 0xff}
	faint = color.NRGBA{0xe3, 0xe3, 0xe3, 0xff}
)

// hue is colour i of Okabe & Ito, those that are legible as lines on white first.
func hue(i int) color.NRGBA {
	return [...]color.NRGBA{
		{0x00, 0x72, 0xb2, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff},
		{0xcc, 0x79, 0xa7, 0xff}, {0xe6, 0x9f, 0x00, 0xff}, {0x56, 0xb4, 0xe9, 0xff},
	}[i%6]
}

func faded(c color.NRGBA, alpha uint8) color.NRGBA { c.A = alpha; return c }

func style(size vg.Length, bold bool, c color.Color, x text.XAlignment, y text.YAlignment) draw.TextStyle {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
	if bold {
		f.Weight = 3 // golang.org/x/image/font.WeightBold
	}
	return draw.TextStyle{Color: c, Font: f, XAlign: x, YAlign: y, Handler: plot.DefaultTextHandler}
}

// Where text stands on its point.
const (
	atLeft, atCentre, atRight = text.XLeft, text.XCenter, text.XRight
	atFoot, atMiddle, atTop   = text.YBottom, text.YCenter, text.YTop
)

// write draws words. The library centres the line with its descenders; the eye wants the small letters centred.
func write(c *draw.Canvas, s draw.TextStyle, at vg.Point, words string) {
	if s.YAlign == atMiddle {
		at.Y += s.Font.Size * 0.14
	}
	c.FillText(s, at, words)
}

// head draws title and subtitle at the top and returns the y below them.
func head(c *draw.Canvas, title, subtitle string) vg.Length {
	y := c.Max.Y - margin
	if title != "" {
		write(c, style(titleSize, true, ink, atLeft, atTop), vg.Point{X: margin, Y: y}, title)
		y -= 17
	}
	if subtitle != "" {
		write(c, style(textSize, false, soft, atLeft, atTop), vg.Point{X: margin, Y: y}, subtitle)
		y -= lineHigh
	}
	return y - 6
}

// headHeight is what head takes.
func headHeight(title, subtitle string) vg.Length {
	h := margin + 6
	if title != "" {
		h += 17
	}
	if subtitle != "" {
		h += lineHigh
	}
	return h
}

// caption draws small text at the foot.
func caption(c *draw.Canvas, words string) {
	write(c, style(smallSize, false, soft, atLeft, atFoot), vg.Point{X: margin, Y: 8}, words)
}

// key is one entry of a legend.
type key struct {
	name string
	line *draw.LineStyle // or
	fill color.Color
}

// legend draws entries in a row from the left.
func legend(c *draw.Canvas, at vg.Point, keys []key) {
	plain := style(textSize, false, ink, atLeft, atMiddle)
	for _, k := range keys {
		if k.line != nil {
			c.StrokeLine2(*k.line, at.X, at.Y, at.X+18, at.Y)
		} else {
			fillRect(c, k.fill, at.X, at.Y-5, at.X+18, at.Y+5)
		}
		write(c, plain, vg.Point{X: at.X + 23, Y: at.Y}, k.name)
		at.X += 23 + plain.Width(k.name) + 16
	}
}

func fillRect(c *draw.Canvas, fill color.Color, x0, y0, x1, y1 vg.Length) {
	c.FillPolygon(fill, []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}})
}

// check refuses slices of unequal length and, where they make the frame, numbers that are not finite. NaN elsewhere is
// a gap in a line.
func check(what string, want int, values ...[]float64) error {
	for _, v := range values {
		if len(v) != want {
			return field.New(what, len(v), "as many values as on the other axis")
		}
		for _, x := range v {
			if math.IsInf(x, 0) {
				return field.New(what, x, "a finite number, or NaN for a gap")
			}
		}
	}
	return nil
}
