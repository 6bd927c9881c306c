package schema

import "slices"

// Which types a filter function is made for; functions that are not listed test
// any. The service does not document it: the names say it.
var made = map[string][]string{
	"True": {"boolean"}, "False": {"boolean"},
	"OnOrAfter": {"datetime"}, "OnOrBefore": {"datetime"},
	"InTheLast": {"datetime"}, "RelativeOnOrBefore": {"datetime"}, "RelativeOnOrAfter": {"datetime"},
	"GreaterThan": {"number", "datetime", "string"}, "GreaterThanEqual": {"number", "datetime", "string"},
	"LessThan": {"number", "datetime", "string"}, "LessThanEqual": {"number", "datetime", "string"},
	"Between":        {"number", "datetime", "string"},
	"StringContains": {"string"}, "StringStartsWith": {"string"}, "StringEndsWith": {"string"},
	"StringDoesNotContain": {"string"}, "StringDoesNotStartWith": {"string"}, "StringDoesNotEndWith": {"string"},
	"StringOneOf": {"string"}, "StringNotOneOf": {"string"}, "StringLike": {"string"}, "StringNotLike": {"string"},
	"StringMatchesTrimmed": {"string"},
	"ArrayContains":        {"array"}, "ArrayDoesNotContain": {"array"},
}

// basic are the types that fields of sources have (API dossier 8.5). Targets
// have others besides.
var basic = []string{"string", "number", "boolean", "datetime", "array", "object", "binary"}

// Tests reports whether a filter function is made for fields of that type, and
// for which it is. A type that is not known suits every function.
func Tests(function, typ string) (bool, []string) {
	types, listed := made[function]
	return !listed || !slices.Contains(basic, typ) || slices.Contains(types, typ), types
}
