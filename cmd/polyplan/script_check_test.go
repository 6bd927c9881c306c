package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/polyplan/polyplan/pkg/state"
)

// checkJSON wants one JSON document, or one a line, in a file or stdout, and
// with a path a value there, written as JSON:
//
//	json stdout
//	json stdout summary.create 8
//	json stdout changes.0.action '"create"'
//	json stdout -1.kind '"summary"'         of a document a line, the last
//	json stdout keys changes,drift,summary  the members, no more and no less
//	json stdout changes.0.id as USERS_ID    wants text, and puts it into a variable
//
// It is no JSON to name a member twice.
func checkJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 && len(args) != 3 && (len(args) != 4 || args[2] != "as") {
		usageOf(ts, "json FILE [PATH VALUE|PATH as NAME]")
	}
	docs := decodeDocuments(ts, ts.ReadFile(args[0]))
	if len(args) == 1 {
		return
	}
	var v any = docs
	if len(docs) == 1 {
		v = docs[0]
	}
	path, want := args[1], args[2]
	keys := path == "keys" || strings.HasSuffix(path, ".keys")
	v = lookUp(ts, v, strings.TrimSuffix(strings.TrimSuffix(path, "keys"), "."))
	if keys {
		o, ok := v.(map[string]any)
		if !ok {
			ts.Fatalf("%s: no object", path)
		}
		var got []string
		for k := range o {
			got = append(got, k)
		}
		slices.Sort(got)
		if d := cmp.Diff(strings.Split(want, ","), got); d != "" {
			ts.Fatalf("%s (-want +got):\n%s", path, d)
		}
		return
	}
	if len(args) == 4 {
		text, ok := v.(string)
		if !ok {
			ts.Fatalf("%s is no text", path)
		}
		ts.Setenv(args[3], text)
		return
	}
	var w any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		ts.Fatalf("the value %s is no JSON: %v", want, err)
	}
	if d := cmp.Diff(w, v); d != "" {
		ts.Fatalf("%s (-want +got):\n%s", path, d)
	}
}

func decodeDocuments(ts *testscript.TestScript, text string) []any {
	d := json.NewDecoder(strings.NewReader(text))
	var docs []any
	for {
		var v any
		err := d.Decode(&v)
		if err == io.EOF {
			break
		}
		if err != nil {
			ts.Fatalf("after %d bytes: no JSON: %v", d.InputOffset(), err)
		}
		docs = append(docs, v)
	}
	if len(docs) == 0 {
		ts.Fatalf("there is no JSON")
	}
	return docs
}

func lookUp(ts *testscript.TestScript, v any, path string) any {
	if path == "" {
		return v
	}
	for _, word := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			next, ok := x[word]
			if !ok {
				ts.Fatalf("%s: there is no %q", path, word)
			}
			v = next
		case []any:
			i, err := strconv.Atoi(word)
			if i < 0 {
				i += len(x)
			}
			if err != nil || i < 0 || i >= len(x) {
				ts.Fatalf("%s: %q is none of %d elements", path, word, len(x))
			}
			v = x[i]
		default:
			ts.Fatalf("%s: %q in %v", path, word, v)
		}
	}
	return v
}

// files tells whether the files of the script are touched:
//
//	files keep    remembers them
//	files same    wants the same files with the same content
func files(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	now, err := listFiles(w.work)
	ts.Check(err)
	switch {
	case !neg && len(args) == 1 && args[0] == "keep":
		w.kept = now
	case !neg && len(args) == 1 && args[0] == "same" && w.kept != nil:
		if d := cmp.Diff(w.kept, now); d != "" {
			ts.Fatalf("files (-before +now):\n%s", d)
		}
	default:
		usageOf(ts, "files keep, then files same")
	}
}

// listFiles are the files and directories below dir, but those of the runner.
func listFiles(dir string) (map[string]string, error) {
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		switch {
		case name == ".tmp":
			return fs.SkipDir
		case d.IsDir():
			out[name] = "directory"
			return nil
		case !d.Type().IsRegular():
			out[name] = d.Type().String()
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		out[name] = fmt.Sprintf("%v %x", info.Mode(), sha256.Sum256(data))
		return nil
	})
	return out, err
}

// lock holds the lock of a state as another run would; unlock, and the end of
// the script, free it.
func lock(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	if neg || len(args) != 1 || w.lock != nil {
		usageOf(ts, "lock STATE, then unlock")
	}
	l, err := state.File(ts.MkAbs(args[0])).Lock(context.Background(), state.Holder{Who: "grace", Host: "build-3", PID: 71,
		Command: "polyplan apply", Since: time.Now().Add(-time.Minute)})
	ts.Check(err)
	w.lock = l
	ts.Defer(func() { _ = l.Unlock() }) // does nothing the second time
}

func unlock(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	if neg || len(args) != 0 || w.lock == nil {
		usageOf(ts, "lock STATE, then unlock")
	}
	ts.Check(w.lock.Unlock())
	w.lock = nil
}
