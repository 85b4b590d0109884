// Package read recognises the ways in which clients' connections are written
// down, in connection strings, command lines, files and programs, and reads
// them as clientconfig.Settings. It reads texts only: no file is opened, no
// variable of this process's environment is looked at.
//
// Whatever it returns is free of passwords: options that hold one are dropped,
// texts go through Redact.
package read

import (
	"slices"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// Source is one text and what is known of where it stands.
type Source struct {
	Path string // of the file, "" for a text from elsewhere
	Text string
	// Hints are the drivers that the files around this one depend on, with
	// their versions ("" when not known), by Driver.ID.
	Hints map[string]Hint
	// Beside returns the text of another file of the same directory, "" when
	// there is none; nil: nothing is beside it.
	Beside func(name string) string
}

// Hint is a dependency that some build file names.
type Hint struct {
	Version string
	From    string // "pom.xml:12"
}

// Line reads one connection string or one command line, as somebody would
// paste it. Nil when it is none.
type Line func(text string, hints map[string]Hint) []clientconfig.Settings

// File is a format that is read as a whole.
type File struct {
	Name string // for messages: "MySQL option file"
	// Is reports by the path alone (slashes, any case) whether a file is one.
	Is   func(path string) bool
	Read func(Source) []clientconfig.Settings
}

// Lines are the readers of single strings, in the order in which they are
// asked; the first that knows a text reads it.
func Lines() []Line {
	return slices.Concat(jvmLines(), libpqLines(), mysqlLines(), microsoftLines(), oracleLines(), otherLines())
}

// Files are the readers of whole files. Every one whose Is holds is asked.
func Files() []File {
	return slices.Concat(jvmFiles(), libpqFiles(), mysqlFiles(), microsoftFiles(), oracleFiles(), otherFiles())
}
