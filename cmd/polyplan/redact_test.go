package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"testing"
)

// A secret is found in every form in which a service may repeat it.
func TestRedact(t *testing.T) {
	const secret = "p\"a\\s's <&>/+ é%==\nsecond line, long enough"
	quoted, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	s := &session{}
	s.hide(secret)
	s.hide("short")
	for name, text := range map[string]string{
		"plain":     secret,
		"JSON":      string(quoted),
		"URL":       url.QueryEscape(secret),
		"path":      url.PathEscape(secret),
		"HTML":      html.EscapeString(secret),
		"hex":       hex.EncodeToString([]byte(secret)),
		"base64":    base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64 +1": base64.StdEncoding.EncodeToString([]byte("." + secret + ".")),
		"base64 +2": base64.URLEncoding.EncodeToString([]byte(".." + secret + "..")),
		"a line":    "at second line, long enough.",
	} {
		got := s.redact("<" + text + ">")
		if !strings.Contains(got, "(secret)") || len(got) > len("<>(secret)(secret)") || strings.Contains(got, "long enough") {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := s.redact("this is short"); got != "this is short" {
		t.Errorf("a word was taken for a secret: %q", got)
	}
}
