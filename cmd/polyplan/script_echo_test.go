package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"
)

// echoing is a service that, once told to, refuses every request that would
// change something and repeats it, its headers too, in one form after another,
// as a careless service or something in front of it does.
func echoing(on *atomic.Bool, next http.Handler) http.Handler {
	var nth atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !on.Load() || r.Method == http.MethodGet {
			next.ServeHTTP(w, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		text := said(body) + " " + r.Header.Get("Authorization")
		switch nth.Add(1) % 6 {
		case 1:
			text = url.QueryEscape(text)
		case 2:
			text = html.EscapeString(text)
		case 3:
			text = base64.StdEncoding.EncodeToString([]byte(text))
		case 4:
			text = hex.EncodeToString([]byte(text))
		case 5:
			text = string(body) + " " + r.Header.Get("Authorization") // quoted as JSON, and once more below
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Request-Id", text)
		w.WriteHeader(http.StatusUnprocessableEntity)
		_ = json.NewEncoder(w).Encode(map[string]any{"status": http.StatusUnprocessableEntity, "message": "cannot take " + text,
			"metadata": map[string]any{"got": text}})
	})
}

// said are the values of a body's configuration, as they are.
func said(body []byte) string {
	var v struct {
		Configuration map[string]any `json:"configuration"`
	}
	if json.Unmarshal(body, &v) != nil {
		return string(body)
	}
	return fmt.Sprint(v.Configuration)
}
