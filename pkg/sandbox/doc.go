// Package sandbox is the Polytomic API as an http.Handler: a service to try a
// manifest on, and the judge of our own client in tests. It answers as the real
// service does, not as would be handy, so a client that gets along with it is
// prepared for masked secrets, fields that come back under other names, links that
// only a person can follow, and replies that get lost.
//
//	s, err := sandbox.New(sandbox.Options{APIKey: "key", Data: "sandbox.log"})
//	if err != nil { ... }
//	defer s.Close()
//	http.ListenAndServe("localhost:8080", s)
//
// # Words
//
// A connection leads to a service, such as a database or a CRM. What the services
// hold is made up: services.json names the tables, streams, objects and fields that
// discovery shows and writes are checked against, and Options.Catalog adds to it. A
// type without an entry there holds whatever it is asked for. With Options.LiveSources
// a database that a connection leads to is looked into instead.
//
// A fault is trouble on order: the n-th request to some path is refused, answered
// with an error, or carried out and its reply lost. See Fault.
//
// An organisation is what a key speaks for, and where everything else is. A partner is
// the key that manages organisations; see Key.
//
// A switch turns a point of behaviour that nobody has documented. See Switches.
//
// # Keeping
//
// With Options.Data every change is in the file, and so safe from the end of the
// process, before its answer is sent; it is on the disk, and so safe from a loss of
// power, when the server has been closed. The file is a log, so a change costs the
// same however much is kept.
//
// # What it does not do
//
// It moves no data: executions only pass time, and no webhook is ever called. It knows
// nothing of our manifests, kinds or client, for it has to judge them, and nothing of who
// may do what beyond keys of partners and keys that may only read: roles and policies are
// kept and not enforced. The versions before 2024-02-08 are not spoken.
package sandbox
