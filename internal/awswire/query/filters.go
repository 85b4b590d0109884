package query

import (
	"fmt"
	"slices"
)

// Filters reads the Filters parameter as filter name to values. A name that
// is not in allowed, a filter without values and one given twice are errors;
// no filters are an empty map.
func Filters(p *Params, allowed ...string) (map[string][]string, error) {
	out := make(map[string][]string)
	views, _ := p.Structs("Filters", "Filter")
	for _, f := range views {
		name, err := f.Required("Name")
		if err != nil {
			return nil, err
		}
		values, _ := f.Strings("Values", "Value")
		if !slices.Contains(allowed, name) {
			return nil, invalid(f.Path("Name"), "Unrecognized filter name: "+name)
		}
		if len(values) == 0 {
			full := f.Path("Values")
			return nil, &Error{Kind: InvalidCombination, Param: full, Message: fmt.Sprintf("The parameter %s must not be empty", full)}
		}
		if _, dup := out[name]; dup {
			full := f.Path("Name")
			return nil, &Error{Kind: InvalidCombination, Param: full, Message: fmt.Sprintf("The filter %s is given more than once; give one filter all the values", name)}
		}
		out[name] = values
	}
	return out, nil
}
