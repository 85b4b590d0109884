package read

import "strings"

// netNode is a parameter of Oracle Net: a name with a text, or with parameters
// in brackets.
type netNode struct {
	name  string // lower case
	value string
	below []netNode
}

// maxNetDepth is how deep brackets may be, and maxNetNodes how many there are.
const (
	maxNetDepth = 20
	maxNetNodes = 5000
)

// parseNet reads "(NAME=value)" or "(NAME=(NAME=value)…)".
func parseNet(text string) (netNode, bool) {
	p := netParser{text: text}
	node, ok := p.node(0)
	return node, ok
}

type netParser struct {
	text  string
	n     int
	count int
}

func (p *netParser) space() {
	for p.n < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.n]) >= 0 {
		p.n++
	}
}

// node reads one bracket.
func (p *netParser) node(depth int) (netNode, bool) {
	p.space()
	if p.count++; p.n >= len(p.text) || p.text[p.n] != '(' || depth > maxNetDepth || p.count > maxNetNodes {
		return netNode{}, false
	}
	p.n++
	equal := strings.IndexAny(p.text[p.n:], "=()")
	if equal < 0 || p.text[p.n+equal] != '=' {
		return netNode{}, false
	}
	node := netNode{name: strings.ToLower(strings.TrimSpace(p.text[p.n : p.n+equal]))}
	p.n += equal + 1
	return node, p.content(&node, depth)
}

// content reads what stands behind the equals sign up to the closing bracket.
func (p *netParser) content(node *netNode, depth int) bool {
	for p.space(); p.n < len(p.text); p.space() {
		switch p.text[p.n] {
		case ')':
			p.n++
			return true
		case '(':
			child, ok := p.node(depth + 1)
			if !ok {
				return false
			}
			node.below = append(node.below, child)
		case '"', '\'':
			end := strings.IndexByte(p.text[p.n+1:], p.text[p.n])
			if end < 0 {
				return false
			}
			node.value = p.text[p.n+1 : p.n+1+end]
			p.n += end + 2
		default:
			end := strings.IndexAny(p.text[p.n:], "()")
			if end < 0 {
				return false
			}
			node.value = strings.TrimSpace(p.text[p.n : p.n+end])
			p.n += end
		}
	}
	return false
}

// walk visits a node and all below it.
func (n netNode) walk(visit func(netNode)) {
	visit(n)
	for _, child := range n.below {
		child.walk(visit)
	}
}

// descriptorOptions takes what a connect descriptor says: the first address
// decides where it leads. When its addresses differ in protocol, the weaker one
// is what a client may end up with.
func descriptorOptions(c *client, node netNode) {
	protocols := map[string]bool{}
	node.walk(func(n netNode) {
		switch n.name {
		case "protocol":
			protocols[strings.ToLower(n.value)] = true
		case "host":
			fill2(&c.host, n.value)
		case "port":
			fill2(&c.port, n.value)
		case "service_name", "sid":
			fill2(&c.database, n.value)
		default:
			oracleOption(c, n.name, n.value)
		}
	})
	switch {
	case protocols["tcps"] && len(protocols) > 1:
		c.options["protocol"] = untold
		c.notes = append(c.notes, "its addresses use different protocols: with one of them there is no TLS")
	case protocols["tcps"]:
		c.options["protocol"] = "tcps"
	case protocols["tcp"] || len(protocols) == 0:
		c.options["protocol"] = "tcp"
	default:
		c.options["protocol"] = untold
	}
}
