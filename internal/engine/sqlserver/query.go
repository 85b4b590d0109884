package sqlserver

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// item is a column as it is written: its meaning depends on the FROM after it.
type item struct {
	piece     piece
	qualifier string
	as        string
}

func (p *parser) query() (statement, error) {
	var items []item
	for {
		it, err := p.item()
		if err != nil {
			return statement{}, err
		}
		if items = append(items, it); len(items) > maxColumns {
			return statement{}, fmt.Errorf("a SELECT of more than %d columns", maxColumns)
		}
		if !p.accept(",") {
			break
		}
	}
	var s statement
	alias := ""
	if p.accept("from") {
		var err error
		if alias, err = p.from(); err != nil {
			return statement{}, err
		}
		s.view = true
	}
	for _, it := range items {
		columns, err := it.columns(s.view, alias)
		if err != nil {
			return statement{}, err
		}
		s.show = append(s.show, columns...)
	}
	if err := p.where(&s, alias); err != nil {
		return statement{}, err
	}
	return s, nil
}

func (p *parser) item() (item, error) {
	it := item{piece: p.step()}
	named := it.piece.sort == word || it.piece.sort == quoted
	if named && p.accept(".") {
		it.qualifier, it.piece = it.piece.text, p.step()
	}
	if it.piece.sort == ends {
		return item{}, p.refuse()
	}
	if p.accept("as") {
		if p.at.sort != word && p.at.sort != quoted && p.at.sort != literal {
			return item{}, p.refuse()
		}
		it.as = p.step().text
	} else if p.names() {
		it.as = p.step().text
	}
	return it, nil
}

// names reports whether what is next can be a name that nothing introduces.
func (p *parser) names() bool {
	return p.at.sort == quoted || p.at.sort == word && !p.ended() && !slices.Contains([]string{
		"from", "where", "and", "or", "as", "into", "order", "group", "having", "union", "except", "intersect", "option", "for",
		"join", "inner", "left", "right", "full", "outer", "cross", "on", "pivot", "unpivot", "tablesample",
	}, p.at.text)
}

// from reads the one view there is and returns what its columns may be
// qualified with.
func (p *parser) from() (alias string, err error) {
	var name []string
	for {
		part := p.step()
		if part.sort != word && part.sort != quoted {
			return "", fmt.Errorf("FROM %.60q", part.text)
		}
		name = append(name, part.text)
		if !p.accept(".") {
			break
		}
	}
	full := strings.TrimPrefix(strings.Join(name, "."), "master.")
	if full != "sys.dm_exec_connections" {
		return "", fmt.Errorf("FROM %.60q", full)
	}
	explicit := p.accept("as")
	if p.names() {
		return p.step().text, nil
	}
	if explicit {
		return "", p.refuse()
	}
	return name[len(name)-1], nil
}

func (p *parser) where(s *statement, alias string) error {
	if s.view && p.accept("where") {
		for {
			c, err := p.condition(alias)
			if err != nil {
				return err
			}
			if s.where = append(s.where, c); len(s.where) > maxColumns {
				return fmt.Errorf("a WHERE of more than %d conditions", maxColumns)
			}
			if !p.accept("and") {
				break
			}
		}
	}
	if !p.ended() {
		return p.refuse()
	}
	return nil
}

func (p *parser) condition(alias string) (condition, error) {
	var sides [2]column
	for i := range sides {
		if i == 1 && !p.accept("=") {
			return condition{}, p.refuse()
		}
		it := item{piece: p.step()}
		if p.accept(".") {
			it.qualifier, it.piece = it.piece.text, p.step()
		}
		columns, err := it.columns(true, alias)
		if err != nil {
			return condition{}, err
		}
		if len(columns) != 1 {
			return condition{}, fmt.Errorf("%.60q", it.piece.text)
		}
		sides[i] = columns[0]
	}
	return condition{sides[0], sides[1]}, nil
}

// columns is what it shows: one column, or all for a star.
func (it item) columns(view bool, alias string) ([]column, error) {
	if it.qualifier != "" && it.qualifier != alias {
		return nil, fmt.Errorf("%.60q", it.qualifier)
	}
	known := variables()
	switch it.piece.sort {
	case digits:
		n, err := strconv.ParseInt(it.piece.text, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("the number %.60q", it.piece.text)
		}
		return it.named(constant(int(n))), nil
	case literal:
		return it.named(constant(it.piece.text)), nil
	case mark:
		if view && it.piece.text == "*" {
			return connections(), nil
		}
	case word, quoted:
		if known = nil; view {
			known = connections()
		}
	}
	for _, c := range known {
		if c.name == it.piece.text {
			if it.piece.sort == variable {
				c.name = ""
			}
			return it.named(c), nil
		}
	}
	return nil, fmt.Errorf("the column %.60q", it.piece.text)
}

func (it item) named(c column) []column {
	if it.as != "" {
		c.name = it.as
	}
	return []column{c}
}
