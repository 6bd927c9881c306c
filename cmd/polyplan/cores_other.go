//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package main

// withoutCores does nothing on systems whose ways we do not know.
func withoutCores() {}
