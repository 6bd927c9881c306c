package render

import "io"

// JSON writes a document for programs as all of polyplan's are written:
// indented, and harmless on a terminal and in a pipeline's log.
func JSON(w io.Writer, v any) error { return writeJSON(w, v, "  ") }
