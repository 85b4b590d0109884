package sqlserver

import (
	"errors"
	"fmt"
	"slices"
)

// Bounds of one batch: what it answers is held in memory, per row.
const (
	maxStatements = 100
	maxColumns    = 100
)

// statement is one statement that can be answered.
type statement struct {
	show     []column // of a SELECT
	view     bool     // one row for each session, else one row
	where    []condition
	database string // of a USE
}

// parse reads a batch. Its error says, for a client, what of it a simulated
// instance does not answer.
func parse(batch string) ([]statement, error) {
	p := parser{lexer: lexer{batch}}
	p.step()
	var all []statement
	for p.at.sort != ends {
		if p.accept(";") {
			continue
		}
		if len(all) == maxStatements {
			return nil, fmt.Errorf("a batch of more than %d statements", maxStatements)
		}
		s, err := p.statement()
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// parser reads statements, one piece ahead.
type parser struct {
	lexer lexer
	at    piece
}

func (p *parser) step() piece {
	was := p.at
	p.at = p.lexer.next()
	return was
}

// accept steps over a keyword or mark if it is there.
func (p *parser) accept(text string) bool {
	if !p.at.is(text) {
		return false
	}
	p.step()
	return true
}

// begins reports whether a statement may begin with what is next. In T-SQL
// nothing need stand between two.
func (p *parser) begins() bool {
	return p.at.sort == word && slices.Contains([]string{
		"select", "set", "use", "exec", "execute", "insert", "update", "delete", "merge", "declare", "if", "while",
		"begin", "commit", "rollback", "save", "create", "alter", "drop", "print", "raiserror", "with",
	}, p.at.text)
}

func (p *parser) ended() bool { return p.at.sort == ends || p.at.is(";") || p.begins() }

func (p *parser) statement() (statement, error) {
	switch {
	case p.accept("set"):
		return statement{}, p.setting()
	case p.accept("use"):
		name := p.step()
		if name.sort != word && name.sort != quoted || name.text == "" || !p.ended() {
			return statement{}, p.refuse()
		}
		return statement{database: name.text}, nil
	case p.accept("select"):
		return p.query()
	}
	return statement{}, p.refuse()
}

// setting passes over a SET of an option, which clients send at their start
// and which has nothing to act on here. Variables are another matter.
func (p *parser) setting() error {
	if p.at.sort != word || p.begins() {
		return p.refuse()
	}
	for p.step(); !p.ended(); p.step() {
		if p.at.sort == variable {
			return p.refuse()
		}
	}
	return nil
}

func (p *parser) refuse() error {
	if p.at.sort == ends {
		return errors.New("a statement that ends early")
	}
	return fmt.Errorf("%.60q", p.at.text)
}
