package render

import (
	"cmp"
	"slices"
)

// The measures of a drawing, in pixels.
const (
	charWidth  = 7.3 // of a monospaced font of fontSize
	fontSize   = 12
	boxPadding = 14
	boxHeight  = 30 // with one line
	lineHeight = 16
	rowGap     = 16
	columnsGap = 90
	margin     = 16
	maxLabel   = 44 // columns of text, beyond which it is cut

	sweeps = 8
	// Long edges get a bend in every column that they cross, unless there would
	// be more of these than anyone could see.
	maxBends = 20_000
)

// vertex is a place in a column: a box, or a bend of a long edge.
type vertex struct {
	w, h        float64 // of a bend none
	x, y        float64 // of its centre
	left, right []int   // neighbours in the next columns
}

// layout places boxes in columns, so that edges lead from column to column and
// cross as little as is easily had.
type layout struct {
	verts         []vertex // the boxes first, as the nodes of the graph
	columns       [][]int
	routes        [][]int // for every edge, its vertices from left to right
	width, height float64
}

func (g Graph) layout() *layout {
	l := &layout{verts: make([]vertex, len(g.Nodes)), routes: make([][]int, len(g.Edges))}
	for i, n := range g.Nodes {
		first, second := n.lines()
		h := float64(boxHeight)
		if second != "" {
			h += lineHeight
		}
		l.verts[i] = vertex{w: charWidth*float64(max(Width(first), Width(second))) + 2*boxPadding, h: h}
	}
	index := g.index()
	edges := make([][2]int, len(g.Edges)) // left, right
	for i, e := range g.Edges {
		edges[i] = [2]int{index[e.To], index[e.From]}
		if g.Flow {
			edges[i] = [2]int{index[e.From], index[e.To]}
		}
	}
	rank := ranks(len(g.Nodes), edges)
	l.fill(rank, edges)
	l.order()
	l.place()
	return l
}

// ranks gives every node a column: the one after the last of those that it has
// an edge from. Edges that close a circle count for nothing.
func ranks(n int, edges [][2]int) []int {
	next := make([][]int, n)
	for _, e := range edges {
		next[e[0]] = append(next[e[0]], e[1])
	}
	const (
		unseen = iota
		open
		done
	)
	state, order := make([]int, n), make([]int, 0, n)
	forward := make([][]int, n)
	var visit func(i int)
	visit = func(i int) {
		state[i] = open
		for _, j := range next[i] {
			if state[j] == open {
				continue
			}
			forward[i] = append(forward[i], j)
			if state[j] == unseen {
				visit(j)
			}
		}
		state[i] = done
		order = append(order, i)
	}
	for i := range n {
		if state[i] == unseen {
			visit(i)
		}
	}
	rank := make([]int, n)
	for _, i := range slices.Backward(order) {
		for _, j := range forward[i] {
			rank[j] = max(rank[j], rank[i]+1)
		}
	}
	return rank
}

// fill puts the boxes into columns, and bends into those between.
func (l *layout) fill(rank []int, edges [][2]int) {
	put := func(v, column int) {
		for len(l.columns) <= column {
			l.columns = append(l.columns, nil)
		}
		l.columns[column] = append(l.columns[column], v)
	}
	for v, r := range rank {
		put(v, r)
	}
	bends := 0
	for i, e := range edges {
		from, to := e[0], e[1]
		if rank[from] > rank[to] {
			from, to = to, from // it closes a circle
		}
		route := []int{from}
		if between := rank[to] - rank[from] - 1; between > 0 && bends+between <= maxBends {
			bends += between
			for r := rank[from] + 1; r < rank[to]; r++ {
				v := len(l.verts)
				l.verts = append(l.verts, vertex{})
				put(v, r)
				route = append(route, v)
			}
		}
		route = append(route, to)
		l.routes[i] = route
		for j := 1; j < len(route); j++ {
			a, b := route[j-1], route[j]
			l.verts[a].right = append(l.verts[a].right, b)
			l.verts[b].left = append(l.verts[b].left, a)
		}
	}
}

// order sorts every column by the mean place of its neighbours, there and back.
func (l *layout) order() {
	at := make([]float64, len(l.verts))
	note := func(column []int) {
		for i, v := range column {
			at[v] = float64(i)
		}
	}
	for _, c := range l.columns {
		note(c)
	}
	l.sweep(func(column []int, near func(*vertex) []int) {
		mean := make(map[int]float64, len(column))
		for _, v := range column {
			mean[v] = average(near(&l.verts[v]), at, at[v])
		}
		slices.SortStableFunc(column, func(a, b int) int { return cmp.Compare(mean[a], mean[b]) })
		note(column)
	})
}

// sweep visits the columns from left to right, looking left, and back.
func (l *layout) sweep(visit func(column []int, near func(*vertex) []int)) {
	for range sweeps {
		for i := 1; i < len(l.columns); i++ {
			visit(l.columns[i], func(v *vertex) []int { return v.left })
		}
		for i := len(l.columns) - 2; i >= 0; i-- {
			visit(l.columns[i], func(v *vertex) []int { return v.right })
		}
	}
}

func average(of []int, at []float64, otherwise float64) float64 {
	if len(of) == 0 {
		return otherwise
	}
	sum := 0.0
	for _, v := range of {
		sum += at[v]
	}
	return sum / float64(len(of))
}

// place gives every vertex its coordinates: columns as wide as their widest
// box, and in them each as near to its neighbours as the others let it.
func (l *layout) place() {
	y := make([]float64, len(l.verts))
	x := float64(margin)
	for _, column := range l.columns {
		wide, down := 0.0, 0.0
		for _, v := range column {
			wide = max(wide, l.verts[v].w)
			y[v] = down + l.verts[v].h/2
			down += l.verts[v].h + rowGap
		}
		for _, v := range column {
			l.verts[v].x = x + wide/2
		}
		x += wide + columnsGap
	}
	l.width = max(x-columnsGap, margin) + margin
	l.sweep(func(column []int, near func(*vertex) []int) {
		// Pushed down in order, and up in reverse: both keep the gaps, and so
		// does the mean of the two.
		down, up := make([]float64, len(column)), make([]float64, len(column))
		for i, v := range column {
			down[i] = average(near(&l.verts[v]), y, y[v])
			up[i] = down[i]
			if i > 0 {
				down[i] = max(down[i], down[i-1]+l.apart(column[i-1], v))
			}
		}
		for i := len(column) - 2; i >= 0; i-- {
			up[i] = min(up[i], up[i+1]-l.apart(column[i], column[i+1]))
		}
		for i, v := range column {
			y[v] = (down[i] + up[i]) / 2
		}
	})
	top, bottom := 0.0, 0.0
	for v := range l.verts {
		top = min(top, y[v]-l.verts[v].h/2)
	}
	for v := range l.verts {
		l.verts[v].y = y[v] - top + margin
		bottom = max(bottom, l.verts[v].y+l.verts[v].h/2)
	}
	l.height = bottom + margin
}

// apart is how far the centres of two neighbours in a column must be apart.
func (l *layout) apart(a, b int) float64 { return (l.verts[a].h+l.verts[b].h)/2 + rowGap }
