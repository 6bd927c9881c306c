//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package main

import "syscall"

// withoutCores keeps the memory of this process, which has secrets in it, from
// being written to a disk when it dies, and that of the commands which it runs.
// Where even that is refused the program does its work all the same.
func withoutCores() { _ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) }
