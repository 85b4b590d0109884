package lint_test

import "strings"

// cell is one configuration of one driver.
type cell struct {
	by     string // the program that runs it
	kind   string // which driver, for programs that run several
	engine string
	text   string // as the driver is given it, filled in by world.at
	env    []string
	home   string // "trusting", or "" for a home directory without any roots
	host   string // "" is the database's own address, which is an IP address
	driver string // as the linter names it
	// rootFile is what a scan of the client's machine would add: "present",
	// "absent", "" when nobody looked.
	rootFile string
	refuses  bool   // the driver takes no such options: it connects to nobody
	untold   string // why a reader of this text alone cannot know what it does
}

func (c *cell) String() string {
	parts := []string{c.by}
	if c.kind != "" {
		parts = append(parts, c.kind)
	}
	parts = append(append(parts, c.env...), c.text)
	if c.home != "" {
		parts = append(parts, "(with ~/.postgresql/root.crt)")
	}
	return strings.Join(parts, " ")
}

// cells is the matrix.
func cells() []*cell {
	var all []*cell
	for _, group := range [][]*cell{
		psqlCells(), libpqPythonCells(), otherPythonPostgresCells(), pgjdbcCells(), goPostgresCells(), nodePostgresCells(),
		mariadbCells(), mysqlCells(), mariadbJDBCCells(), pythonMySQLCells(), goMySQLCells(), nodeMySQLCells(),
		sqlserverCells(), odbcCells(), mongoCells(), oracleCells(),
	} {
		all = append(all, group...)
	}
	return all
}

// group makes cells that share a driver.
func group(shared cell, texts ...string) (all []*cell) {
	for _, text := range texts {
		c := shared
		c.text = text
		all = append(all, &c)
	}
	return all
}

// refusing makes cells whose options the driver does not take.
func refusing(shared cell, texts ...string) []*cell {
	shared.refuses = true
	return group(shared, texts...)
}

// untold makes cells whose text does not say what decides.
func untold(why string, shared cell, texts ...string) []*cell {
	shared.untold = why
	return group(shared, texts...)
}
