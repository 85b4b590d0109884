package forcetls

// Overdue is a rule whose odd cases no real clock makes for a test.
var Overdue = overdue
