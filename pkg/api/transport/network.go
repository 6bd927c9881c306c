package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptrace"
	"os"
	"sync"
	"syscall"
)

// A Phase is how far a request came.
type Phase string

// The phases of a NetworkError.
const (
	PhaseDNS      Phase = "dns"      // looking up the host
	PhaseConnect  Phase = "connect"  // to the host or a proxy
	PhaseTLS      Phase = "tls"      // the handshake, certificates
	PhaseWrite    Phase = "write"    // sending
	PhaseRead     Phase = "read"     // waiting for the answer, reading it
	PhaseTimeout  Phase = "timeout"  // the limit of the call, or a stalled answer
	PhaseRedirect Phase = "redirect" // the answer points where we do not go
	PhaseCanceled Phase = "canceled" // the context was canceled
)

var phaseWords = map[Phase]string{
	PhaseDNS:      "looking up %s",
	PhaseConnect:  "connecting to %s",
	PhaseTLS:      "securing the connection to %s",
	PhaseWrite:    "sending to %s",
	PhaseRead:     "reading the answer of %s",
	PhaseTimeout:  "waiting for %s",
	PhaseRedirect: "redirected by %s",
	PhaseCanceled: "interrupted while asking %s",
}

var phaseHints = map[Phase]string{
	PhaseDNS:      "check the host in POLYTOMIC_DEPLOYMENT_URL and this machine's name service",
	PhaseConnect:  "check POLYTOMIC_DEPLOYMENT_URL, the network, and HTTPS_PROXY if there is one",
	PhaseTLS:      "check that POLYTOMIC_DEPLOYMENT_URL names the right host; a private authority is trusted through SSL_CERT_FILE",
	PhaseWrite:    "run the same command again",
	PhaseRead:     "run the same command again",
	PhaseTimeout:  "the service or the network is slow: run the same command again later",
	PhaseRedirect: "set POLYTOMIC_DEPLOYMENT_URL to the address that it leads to, if you trust it",
}

// A NetworkError is a request without a whole answer.
type NetworkError struct {
	Method, Path, Host string
	Phase              Phase
	// Sent is set when the header of the last request was handed to a
	// connection, so that the server may have seen it. MayHaveEffect tells
	// about the whole call.
	Sent bool
	// Err is the cause. It holds no secret.
	Err error

	doubt bool
	final bool // sending it again would end the same way
}

// Error is like "GET /api/me: connecting to app.polytomic.com: connection refused".
func (e *NetworkError) Error() string {
	return fmt.Sprintf("%s %s: "+phaseWords[e.Phase]+": %v", e.Method, e.Path, e.Host, bare(e.Err))
}

// bare is the cause within the errors that only say again who was called and
// how.
func bare(err error) error {
	for {
		switch e := err.(type) {
		case *net.OpError:
			err = e.Err
		case *os.SyscallError:
			err = e.Err
		case *net.DNSError:
			return errors.New(e.Err)
		default:
			return err
		}
		if err == nil {
			return errors.New("unknown trouble")
		}
	}
}

// Unwrap returns the cause.
func (e *NetworkError) Unwrap() error { return e.Err }

// Hint says what the reader can do about it, or nothing.
func (e *NetworkError) Hint() string { return phaseHints[e.Phase] }

func (e *NetworkError) inDoubt() bool { return e.doubt }

// The causes of our own time limits.
var (
	errTimeout = errors.New("out of time")
	errStalled = errors.New("the answer stalled")
	errNothing = errors.New("the connection was closed without an answer")
)

// networkError explains err, which ended a request that came as far as tr.
// ctx is the context of the attempt, which knows of our limits.
func (c *Client) networkError(ctx context.Context, cl *call, tr *trace, err error) *NetworkError {
	stage, sent := tr.reached(err)
	e := &NetworkError{Method: cl.Method, Path: cl.Path, Host: c.base.Host, Phase: stage, Sent: sent, Err: err}
	var (
		dns  *net.DNSError
		op   *net.OpError
		cert *tls.CertificateVerificationError
		rec  tls.RecordHeaderError
	)
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errTimeout):
		e.Phase, e.final = PhaseTimeout, true
		e.Err = fmt.Errorf("%w after %v, while %s", errTimeout, cl.limit, doing(stage))
	case errors.Is(cause, errStalled):
		e.Phase = PhaseTimeout
		e.Err = fmt.Errorf("%w: fewer than %d bytes in %v", errStalled, minIdleBytes, c.opt.Idle)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		e.Phase, e.final, e.Err = PhaseTimeout, true, cause
	case cause != nil:
		e.Phase, e.final, e.Err = PhaseCanceled, true, canceled(cause)
	case errors.As(err, &dns):
		e.Phase, e.final = PhaseDNS, dns.IsNotFound
	case errors.As(err, &cert), errors.As(err, &rec):
		e.Phase, e.final = PhaseTLS, true
	case errors.As(err, &op) && op.Op == "remote error" && op.Err.Error() == certificateRequired:
		// In TLS 1.3 our side of the handshake is over by then, theirs is not, and
		// so nobody has read the request.
		e.Phase, e.final, e.Sent = PhaseTLS, true, false
		e.Err = fmt.Errorf("it wants a certificate of its clients, which polyplan does not have: %w", err)
	case stage == PhaseTLS:
		e.final = !broken(err) // the two cannot agree, and will not the next time
	case errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect"):
		e.Phase = PhaseConnect
	case errors.Is(err, io.ErrUnexpectedEOF):
		e.Err = fmt.Errorf("the answer was cut short: %w", err)
	case errors.Is(err, io.EOF):
		e.Err = fmt.Errorf("%w: %w", errNothing, err)
	}
	// net/http quotes what servers and proxies say; an own Base may do worse.
	if text := e.Err.Error(); c.clean(text, maxText) != text {
		e.Err = errors.New(c.clean(text, maxText))
	}
	return e
}

// certificateRequired is how crypto/tls writes that alert of TLS 1.3, whose type
// it keeps to itself. Servers of earlier versions say that the handshake failed.
const certificateRequired = "tls: certificate required"

// broken tells whether err is the failure of a connection, not of what was
// said over it.
func broken(err error) bool {
	var number syscall.Errno
	var ne net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &number) ||
		errors.As(err, &ne) && ne.Timeout()
}

// interrupted is the error of a call that ended while it waited for its turn.
func (c *Client) interrupted(cl *call, cause error) *NetworkError {
	phase := PhaseCanceled
	if errors.Is(cause, context.DeadlineExceeded) {
		phase = PhaseTimeout
	}
	return &NetworkError{
		Method: cl.Method, Path: cl.Path, Host: c.base.Host, Phase: phase, final: true,
		Err: fmt.Errorf("waiting to send: %w", canceled(cause)),
	}
}

// canceled makes sure that the end of a context can be told from its error,
// also when a cause of its own was given.
func canceled(cause error) error {
	if errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return fmt.Errorf("%w: %w", context.Canceled, cause)
}

func doing(p Phase) string {
	switch p {
	case PhaseDNS:
		return "looking up the host"
	case PhaseConnect:
		return "connecting"
	case PhaseTLS:
		return "securing the connection"
	case PhaseWrite:
		return "sending"
	}
	return "waiting for the answer"
}

// A trace follows one request. net/http may call the hooks of a connection
// that it makes in the background even after the request has ended.
type trace struct {
	mu    sync.Mutex
	stage Phase
	rank  int
	wrote bool // the whole header was handed to the connection
}

func (t *trace) hooks() *httptrace.ClientTrace {
	at := func(rank int, p Phase) {
		t.mu.Lock()
		defer t.mu.Unlock()
		if rank > t.rank {
			t.rank, t.stage = rank, p
		}
	}
	return &httptrace.ClientTrace{
		GetConn:           func(string) { at(1, PhaseConnect) },
		DNSStart:          func(httptrace.DNSStartInfo) { at(2, PhaseDNS) },
		ConnectStart:      func(string, string) { at(3, PhaseConnect) },
		TLSHandshakeStart: func() { at(4, PhaseTLS) },
		GotConn:           func(httptrace.GotConnInfo) { at(5, PhaseWrite) },
		WroteHeaders: func() {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.wrote = true
		},
		WroteRequest: func(i httptrace.WroteRequestInfo) {
			if i.Err == nil {
				at(6, PhaseRead)
			}
		},
		GotFirstResponseByte: func() { at(7, PhaseRead) },
	}
}

// reached returns the stage of the request, and whether it was sent. Without
// a single hook called (a Base that is not net/http's) only a failure to dial
// proves that it was not.
func (t *trace) reached(err error) (Phase, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rank == 0 {
		var op *net.OpError
		var dns *net.DNSError
		if errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial" {
			return PhaseConnect, false
		}
		return PhaseRead, true
	}
	return t.stage, t.wrote
}
