package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/render"
	"github.com/polyplan/polyplan/pkg/spec"
	"github.com/polyplan/polyplan/pkg/state"
)

func versionCommand(env *Env) *cli.Command {
	return &cli.Command{
		Name:        "version",
		Usage:       "the version, and what it speaks",
		Description: "Prints the version of polyplan on the first line, then the versions of all that it reads and writes.",
		Flags:       outputFlags("text, json"),
		Action:      action(env, runVersion),
	}
}

// versions is what `version --json` prints.
type versions struct {
	FormatVersion  string   `json:"format_version"`
	Version        string   `json:"version"`
	Commit         string   `json:"commit,omitempty"` // of the source, if the build knew
	Go             string   `json:"go"`
	Platform       string   `json:"platform"`
	APIVersions    []string `json:"api_versions"` // the first is the default
	ManifestFormat int      `json:"manifest_format"`
	StateFormat    int      `json:"state_format"`
}

func currentVersions() versions {
	v := versions{FormatVersion: render.FormatVersion, Version: version, Go: runtime.Version(),
		Platform:    runtime.GOOS + "/" + runtime.GOARCH,
		APIVersions: []string{transport.Version2024, transport.Version2025}, ManifestFormat: spec.Version, StateFormat: state.Format}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v.Commit = s.Value
			}
		}
	}
	return v
}

func runVersion(s *session, c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	if err := s.opts.formatIn("text", "json"); err != nil {
		return err
	}
	v := currentVersions()
	if s.opts.format == "json" {
		return s.document(v)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "polyplan %s\n", v.Version)
	if v.Commit != "" {
		fmt.Fprintf(&b, "commit %s\n", v.Commit)
	}
	fmt.Fprintf(&b, "%s, %s\n", v.Go, v.Platform)
	fmt.Fprintf(&b, "Polytomic API %s\n", strings.Join(v.APIVersions, ", "))
	fmt.Fprintf(&b, "manifest format %d, state format %d\n", v.ManifestFormat, v.StateFormat)
	return s.print(b.String())
}
