package spec

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"

	"github.com/polyplan/polyplan/pkg/resource"
)

// plain gives a scalar without quotes its YAML 1.2 core meaning: nil, bool,
// int64, float64, json.Number or string. Infinities and NaN are float64.
func plain(s string) any {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return nil
	case "true", "True", "TRUE":
		return true
	case "false", "False", "FALSE":
		return false
	}
	// Most scalars are words: let them go at once.
	if c := s[0]; c != '.' && c != '-' && c != '+' && (c < '0' || c > '9') {
		return s
	}
	switch s {
	case ".nan", ".NaN", ".NAN":
		return math.NaN()
	case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF":
		return math.Inf(1)
	case "-.inf", "-.Inf", "-.INF":
		return math.Inf(-1)
	}
	if strings.HasPrefix(s, "0o") || strings.HasPrefix(s, "0x") {
		base := 8
		if s[1] == 'x' {
			base = 16
		}
		if onlyDigits(s[2:]) && len(s) <= numberLimit {
			if n, ok := new(big.Int).SetString(s[2:], base); ok {
				return resource.Normalize(json.Number(n.String()))
			}
		}
		return s
	}
	if !decimal(s) {
		return s
	}
	return resource.Normalize(json.Number(jsonNumber(s)))
}

func onlyDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// numberLimit is the length up to which a scalar is a number.
const numberLimit = 400

// decimal is [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
func decimal(s string) bool {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "-"), "+")
	before := digits(s)
	rest := s[before:]
	after := 0
	if strings.HasPrefix(rest, ".") {
		after = digits(rest[1:])
		rest = rest[1+after:]
	}
	if before+after == 0 || len(s) > numberLimit {
		return false
	}
	if rest == "" {
		return true
	}
	if rest[0] != 'e' && rest[0] != 'E' {
		return false
	}
	rest = rest[1:]
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		rest = rest[1:]
	}
	// Nobody means a number of a thousand digits; it stays text.
	return rest != "" && len(rest) <= 3 && digits(rest) == len(rest)
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// jsonNumber rewrites a YAML number as JSON has it: "+01.e5" is "1.0e5".
func jsonNumber(s string) string {
	sign := ""
	if s[0] == '-' {
		sign = "-"
	}
	s = strings.TrimLeft(s, "+-")
	mantissa, exponent := s, ""
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent = s[:i], "e"+s[i+1:]
	}
	whole, fraction, dot := strings.Cut(mantissa, ".")
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if dot {
		if fraction == "" {
			fraction = "0"
		}
		fraction = "." + fraction
	}
	return sign + whole + fraction + exponent
}

// ambiguous reports whether s, written without quotes, is something else than
// a string to this or to an older YAML parser.
func ambiguous(s string) bool {
	if _, isString := plain(s).(string); !isString {
		return true
	}
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null", "<<", "=":
		return true
	}
	// Numbers of all YAML versions, sexagesimals and dates.
	return strings.Trim(s, "0123456789+-_.:,eExXoObTtZz ") == "" && strings.ContainsAny(s, "0123456789.")
}
