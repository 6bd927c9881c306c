package main

import (
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/polyplan/polyplan/pkg/manual"
)

// schemaPath is where editors are told to look for the schema.
const schemaPath = ".polyplan/schema.json"

func schemaCommand(env *Env) *cli.Command {
	return &cli.Command{
		Name:  "schema",
		Usage: "the JSON Schema of the manifest, for editors",
		Description: "Prints the JSON Schema of the manifest. An editor that knows it completes and checks while one types:\n\n" +
			"  polyplan schema --out " + schemaPath + "\n\n" +
			"and in the manifest's first line\n\n" +
			"  # yaml-language-server: $schema=" + schemaPath,
		Flags: with(chdirFlag(), []cli.Flag{
			&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "write to `FILE`, whose directory is made if need be, and not to standard output"},
		}),
		Action: action(env, runSchema),
	}
}

func runSchema(s *session, c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	schema := manual.JSONSchema(s.kinds)
	out := c.String("out")
	if out == "" || out == "-" {
		return s.print(string(schema))
	}
	path := s.path(out)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := replaceFile(path, schema, 0); err != nil {
		return err
	}
	s.note("wrote %s", out)
	return nil
}
